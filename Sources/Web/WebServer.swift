import Glibc
import HTTPTypes
import Health
import HummingbirdCore
public import Logging
public import MetricsModel
public import NIOCore
public import NIOPosix
public import ServiceLifecycle
import Synchronization

/// Vitals' HTTP server: metrics, health, rules, queries, pages and administration on one or more addresses.
///
/// Runs until its service group shuts down gracefully; then readiness falls first, no connection is taken any more, and requests in
/// flight are finished (U3).
public final class WebServer: Service, Sendable {
    private let settings: WebSettings
    private let sources: WebSources
    private let logger: Logger
    private let eventLoopGroup: any EventLoopGroup
    private let access: AccessSettings
    private let checker = PasswordChecker()
    private let connections: ConnectionRegistry
    private let dispatcher: Dispatcher
    private let bound = Mutex<[ListenAddress]>([])
    private let onListening: @Sendable ([ListenAddress]) async -> Void

    /// Reads the web configuration and registers the server's own metrics with `registry`. `onListening` is called once with the addresses
    /// listened on, ports filled in, when all are. Throws all findings of the web configuration.
    public init(
        settings: WebSettings, sources: WebSources, registry: Registry, logger: Logger,
        eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        onListening: @escaping @Sendable ([ListenAddress]) async -> Void = { _ in }
    ) throws(WebStartError) {
        self.settings = settings
        self.sources = sources
        self.logger = logger
        self.eventLoopGroup = eventLoopGroup
        self.onListening = onListening
        access = try AccessSettings(configFile: settings.configFile, tokenFile: settings.tokenFile, logger: logger)
        connections = ConnectionRegistry(limit: settings.limits.connections)
        let metrics = MetricsEndpoint(
            provider: sources.metrics, registry: registry, limits: settings.limits, maxRequests: settings.maxRequests)
        dispatcher = Dispatcher(
            routes: Route.all(settings, sources, metrics), access: access,
            authenticator: Authenticator(registry: registry, checker: checker), metrics: HTTPMetrics(registry: registry),
            limits: settings.limits, connections: connections, logger: logger)
    }

    /// The addresses listened on, ports filled in; empty before.
    public var addresses: [ListenAddress] { bound.withLock { $0 } }

    /// The connections open now.
    public var connectionCount: Int { connections.count }

    /// Serves until graceful shutdown or cancellation. Throws when an address can not be bound.
    public func run() async throws {
        for address in settings.listen where !address.isLoopback && !access.current.hasCredentials {
            logger.warning("\(address) can be reached from other machines and no user is named in --web.config.file")
        }
        let servers = settings.listen.enumerated().map { place, address in server(place, address) }
        do {
            try await serve(servers)
        } catch {
            await checker.stop()
            throw error
        }
        await checker.stop()
    }

    private func server(_ place: Int, _ address: ListenAddress) -> Server<GuardedChannel> {
        let dispatcher = dispatcher
        return Server(
            childChannelSetup: GuardedChannel(limits: settings.limits, registry: connections, access: access) {
                try await dispatcher.respond($0, $1, $2)
            },
            configuration: ServerConfiguration(address: .hostname(address.host, port: address.port), backlog: 1024),
            onServerRunning: { channel in await self.listening(address, channel.localAddress?.port ?? address.port) },
            eventLoopGroup: eventLoopGroup,
            logger: quiet)
    }

    /// Hummingbird's own lines say what ours say.
    private var quiet: Logger {
        var logger = logger
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }

    private func listening(_ address: ListenAddress, _ port: Int) async {
        let actual = ListenAddress(host: address.host, port: port)
        let all = bound.withLock { bound in
            bound.append(actual)
            return bound
        }
        logger.info("listening", metadata: ["address": "\(actual)", "tls": "\(access.current.tls != nil)"])
        if all.count == settings.listen.count { await onListening(all) }
    }

    /// Hummingbird's server stops accepting the moment the graceful shutdown begins. Readiness must fall before that, so the servers run
    /// in tasks outside the service group's scope, owned by this function, which waits for them. Cancellation stops the servers too, but
    /// does not reach their tasks: NIO traps when an accept loop that is cancelled drops a connection that it has not handed over yet.
    private func serve(_ servers: [Server<GuardedChannel>]) async throws {
        let tasks = zip(settings.listen, servers).map { address, server in
            Task.detached {
                do {
                    try await server.run()
                } catch let error as IOError {
                    throw ListenError(address: address, reason: String(cString: strerror(error.errnoCode)))
                }
            }
        }
        let isStopping = AsyncStream.makeStream(of: Void.self)
        try await withTaskCancellationHandler {
            try await withGracefulShutdownHandler {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for task in tasks {
                        group.addTask { try await task.value }
                    }
                    group.addTask {
                        for await _ in isStopping.stream {}
                        await self.stop(servers)
                    }
                    do {
                        // One listener that fails ends all: half a server would look like a whole one.
                        for _ in tasks { try await group.next() }
                    } catch {
                        isStopping.continuation.finish()
                        throw error
                    }
                    group.cancelAll()
                }
            } onGracefulShutdown: {
                self.sources.health.beginShutdown()
                isStopping.continuation.finish()
            }
        } onCancel: {
            isStopping.continuation.finish()
        }
    }

    private func stop(_ servers: [Server<GuardedChannel>]) async {
        let limits = settings.limits
        if limits.shutdownDelay > .zero {
            do { try await Task.sleep(for: limits.shutdownDelay) } catch {
                // Cancelled: at once.
            }
        }
        logger.info("no longer accepting", metadata: ["open_connections": "\(connections.count)"])
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                for server in servers {
                    do {
                        try await server.shutdownGracefully()
                    } catch {
                        self.logger.error("stopping a listener: \(error)")
                    }
                }
                return true
            }
            group.addTask {
                // Cancelled: there is no time left.
                do { try await Task.sleep(for: limits.shutdownTimeout) } catch { return false }
                return false
            }
            if await group.next() == false, connections.count > 0 {
                self.logger.warning(
                    "requests still running are cut off", metadata: ["open_connections": "\(self.connections.count)"])
                self.connections.closeAll()
            }
            group.cancelAll()
        }
    }
}

/// An address cannot be listened on.
struct ListenError: Error, CustomStringConvertible {
    let address: ListenAddress
    let reason: String

    var description: String { "--web.listen-address: cannot listen on \(address): \(reason)" }
}
