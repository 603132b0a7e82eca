import Health
import Logging
import MetricsModel
import NIOPosix
import Synchronization
import Testing

@testable import Web

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A provider of fixed families that counts its calls and can be held up.
final class FixedMetrics: MetricsProvider {
    static let family = Family("demo_value", .gauge, labels: ["name"], help: "A number. Source: the test.")
    static let counter = Family("demo_events_total", .counter, help: "Events. Source: the test.")

    private struct State {
        var calls = 0
        var deadlines: [Duration] = []
        var sample: SampleSet
        var isHeld = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    init(seriesCount: Int = 3) {
        var sample = SampleBuilder(SeriesCache())
        for place in 0..<seriesCount { sample.add(Self.family, ["series \(place)"], Double(place)) }
        sample.add(Self.counter, [], 7.0)
        state = Mutex(State(sample: SampleSet(timestamp: 1000, families: sample.finish().families)))
    }

    var calls: Int { state.withLock { $0.calls } }
    var deadlines: [Duration] { state.withLock { $0.deadlines } }
    var waitingCount: Int { state.withLock { $0.waiting.count } }

    func hold() { state.withLock { $0.isHeld = true } }

    func release() {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            state.isHeld = false
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func sample(deadline: ContinuousClock.Instant) async -> SampleSet {
        let isHeld = state.withLock { state in
            state.calls += 1
            state.deadlines.append(deadline - .now)
            return state.isHeld
        }
        if isHeld {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.isHeld { state.waiting.append(continuation) }
                    return !state.isHeld
                }
                if isOver { continuation.resume() }
            }
        }
        return state.withLock { $0.sample }
    }
}

/// A running server and what a test needs of it.
struct RunningServer: Sendable {
    let server: WebServer
    let port: Int
    let registry: Registry
    let health: HealthMonitor
    let log: LogLines

    /// The value of one of the server's own series.
    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        var sample = SampleBuilder(SeriesCache())
        registry.collect(into: &sample)
        let wanted = Labels(labels)
        return sample.finish().families.flatMap(\.points).first { $0.series.name == name && $0.series.labels == wanted }?.value
    }
}

/// The lines that a logger got.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func logger() -> Logger {
        var logger = Logger(label: "test") { _ in Handler(lines: self) }
        logger.logLevel = .debug
        return logger
    }

    private struct Handler: LogHandler {
        let lines: LogLines
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level = .debug

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let text = (event.metadata ?? [:]).map { "\($0.key)=\($0.value)" }.sorted().joined(separator: " ")
            lines.lines.withLock { $0.append("\(event.level) \(event.message) \(text)") }
        }
    }
}

func healthyMonitor() async -> HealthMonitor {
    let monitor = HealthMonitor(
        checks: [HealthCheck("database", weight: .critical) { .healthy() }, HealthCheck("cache") { .healthy() }],
        version: "9.9.9",
        now: { 1_700_000_000_000 })
    await monitor.runOnce()
    return monitor
}

/// Runs a server on a free port of loopback around `body`.
func withServer(
    _ settings: WebSettings = WebSettings(), metrics: any MetricsProvider = FixedMetrics(),
    configure: (inout WebSources) -> Void = { _ in }, _ body: (RunningServer) async throws -> Void
) async throws {
    var settings = settings
    settings.listen = [ListenAddress(host: "127.0.0.1", port: 0)]
    let health = await healthyMonitor()
    var sources = WebSources(metrics: metrics, health: health, build: BuildView(version: "9.9.9", revision: "abc"))
    configure(&sources)
    let registry = Registry()
    let log = LogLines()
    let listening = AsyncStream.makeStream(of: Int.self)
    let server = try WebServer(settings: settings, sources: sources, registry: registry, logger: log.logger()) { addresses in
        listening.continuation.yield(addresses.first?.port ?? 0)
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            defer { listening.continuation.finish() }
            try await server.run()
        }
        var ports = listening.stream.makeAsyncIterator()
        guard let port = await ports.next() else { return try await group.waitForAll() }
        do {
            try await body(RunningServer(server: server, port: port, registry: registry, health: health, log: log))
        } catch {
            group.cancelAll()
            throw error
        }
        group.cancelAll()
    }
}

/// Lets time pass until something holds, two seconds at most.
func eventually(within seconds: Double = 5, _ what: () async throws -> Bool) async rethrows -> Bool {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < deadline {
        if try await what() { return true }
        // The server is a real one on a real socket: its time is the machine's.
        usleep(2000)
        await Task.yield()
    }
    return false
}

/// Runs a command of the shell and returns what it wrote.
func shell(_ command: String) async throws -> (status: Int32, output: String) {
    try await blockingThreads.runIfActive {
        guard let pipe = popen(command + " 2>&1", "r") else { return (-1, "") }
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&chunk, 1, chunk.count, pipe)
            if count == 0 { break }
            output += chunk[..<count]
        }
        let status = pclose(pipe)
        return ((status >> 8) & 0xFF, String(decoding: output, as: UTF8.self))
    }
}
