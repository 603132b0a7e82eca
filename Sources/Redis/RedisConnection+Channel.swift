import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS

#if canImport(Glibc)
import Glibc
#endif

extension RedisConnection {
    /// Connects the socket, then TLS where asked, and reports to the actor on its loop.
    nonisolated func begin(_ url: RedisURL, _ limits: RedisLimits) {
        let tls: TLSClient?
        do {
            tls = try url.tls.map { settings throws(RedisError) in try TLSClient(settings, host: url.host) }
        } catch {
            loop.execute { self.assumeIsolated { $0.finish(error) } }
            return
        }
        var bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(TimeAmount(limits.connectTimeout))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(tls.handler()) }
                    try channel.pipeline.syncOperations.addHandler(ConnectionHandler(self, tls: tls))
                }
            }
        let attempt: EventLoopFuture<any Channel>
        switch url.endpoint {
        case .tcp(let host, let port):
            bootstrap =
                bootstrap
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelOption(.socketOption(.so_keepalive), value: 1)
            #if os(Linux)
            // A machine that vanished is noticed by the kernel (tcp(7)); a frozen process still acknowledges, and is waited for.
            bootstrap =
                bootstrap
                .channelOption(.tcpOption(.init(rawValue: CInt(TCP_USER_TIMEOUT))), value: 30_000)
                .channelOption(.tcpOption(.init(rawValue: CInt(TCP_KEEPIDLE))), value: 30)
                .channelOption(.tcpOption(.init(rawValue: CInt(TCP_KEEPINTVL))), value: 10)
            #endif
            attempt = bootstrap.connect(host: host, port: port)
        case .unix(let path):
            attempt = bootstrap.connect(unixDomainSocketPath: path)
        }
        attempt.whenFailure { error in
            let reason = RedisError(.unreachable, "cannot connect to \(url.instance): \(cause(error))")
            self.loop.execute { self.assumeIsolated { $0.finish(reason) } }
        }
    }
}

extension RedisURL {
    fileprivate var host: String {
        switch endpoint {
        case .tcp(let host, _): host
        case .unix: ""
        }
    }
}

/// The files of a TLS client, read anew for every connection: certificates are renewed under a running process.
private struct TLSClient: Sendable {
    private let context: NIOSSLContext
    /// Nil for an address, which is no name for SNI; the certificate must then name the address.
    private let name: String?

    init(_ settings: RedisURL.TLS, host: String) throws(RedisError) {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .fullVerification
        configuration.minimumTLSVersion = .tlsv12
        do {
            if let file = settings.authorityFile {
                configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(file))
            }
            if let certificate = settings.certificateFile, let key = settings.keyFile {
                configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) }
                configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
            }
            context = try NIOSSLContext(configuration: configuration)
        } catch {
            throw RedisError(.tls, "TLS cannot be set up: \(error)")
        }
        let wanted = settings.serverName ?? host
        name = isAddress(wanted) ? nil : wanted
    }

    func handler() throws -> NIOSSLClientHandler {
        try NIOSSLClientHandler(context: context, serverHostname: name)
    }

    /// swift-nio-ssl is content when a certificate names the peer's address instead of the wanted name, so that any machine with a
    /// certificate of the same authority could stand in for the server. Where a name was asked for, the name has to be there
    /// (RFC 6125, section 6.4).
    func verify(_ certificate: NIOSSLCertificate?) throws(RedisError) {
        guard let name else { return }
        guard let certificate else { throw RedisError(.tls, "the server has shown no certificate") }
        let names = certificate._subjectAlternativeNames()
        guard names.contains(where: { $0.nameType == .ipAddress }) else { return }
        guard names.contains(where: { $0.nameType == .dnsName && covers(String(decoding: $0.contents, as: UTF8.self), name) })
        else {
            throw RedisError(.tls, "the certificate is not for \(name)")
        }
    }
}

/// Whether `text` is an IPv4 or IPv6 address, which SNI can't carry.
func isAddress(_ text: String) -> Bool {
    do {
        _ = try SocketAddress(ipAddress: text, port: 0)
        return true
    } catch {
        return false
    }
}

/// Whether a certificate's name, perhaps with `*` as its whole first label, is or covers `name`.
private func covers(_ pattern: String, _ name: String) -> Bool {
    let pattern = pattern.lowercased()
    let name = (name.hasSuffix(".") ? String(name.dropLast()) : name).lowercased()
    guard pattern.hasPrefix("*.") else { return pattern == name }
    guard let period = name.firstIndex(of: ".") else { return false }
    return name[period...] == pattern.dropFirst()
}

/// Hands what happens on the channel to the actor that lives on the same loop.
private final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let connection: RedisConnection
    private let tls: TLSClient?
    private var hasTLS = false

    init(_ connection: RedisConnection, tls: TLSClient?) {
        self.connection = connection
        self.tls = tls
    }

    func channelActive(context: ChannelHandlerContext) {
        if tls == nil { announce(context) }
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.handshakeCompleted) = event as? TLSUserEvent {
            do {
                try tls?.verify(context.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self).peerCertificate)
                hasTLS = true
                announce(context)
            } catch {
                errorCaught(context: context, error: error)
                return
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        connection.assumeIsolated { $0.received(buffer) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        let reason =
            tls != nil && !hasTLS
            ? RedisError(.tls, "the server closed the connection before TLS was established")
            : RedisError(.closed, "the server closed the connection")
        connection.assumeIsolated { $0.finish(reason) }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A peer that closes without TLS' own goodbye: the end of the channel follows and says so.
        if case .uncleanShutdown = error as? NIOSSLError { return }
        let reason: RedisError
        if error is NIOSSLError || error is NIOSSLExtraError || error is BoringSSLError || tls != nil && !hasTLS {
            reason = error as? RedisError ?? RedisError(.tls, "TLS failed: \(error)")
        } else {
            reason = RedisError(.closed, "the connection broke: \(cause(error))")
        }
        connection.assumeIsolated { $0.finish(reason) }
        context.close(promise: nil)
    }

    private func announce(_ context: ChannelHandlerContext) {
        let channel = context.channel
        connection.assumeIsolated { $0.connected(channel) }
    }
}

/// An error of the sockets in plain words.
private func cause(_ error: any Error) -> String {
    switch error {
    case let error as IOError:
        return words(error.errnoCode)
    case let error as NIOConnectionError:
        if let failure = error.connectionErrors.last { return cause(failure.error) }
        return "the host name is not known"
    case ChannelError.connectTimeout:
        return "no answer"
    case is SocketAddressError:
        return "the host name is not known"
    default:
        return "\(error)"
    }
}

private func words(_ number: CInt) -> String {
    switch number {
    case ECONNREFUSED: "connection refused"
    case ECONNRESET: "connection reset by the server"
    case EPIPE: "the server closed the connection"
    case EHOSTUNREACH: "no route to the host"
    case ENETUNREACH: "the network is unreachable"
    case ETIMEDOUT: "no answer"
    case ENOENT: "there is no such socket"
    case EACCES: "permission denied"
    default: "system error \(number)"
    }
}
