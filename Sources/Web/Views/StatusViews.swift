/// What `/api/v1/status/…` says about this process.
public struct StatusView: Sendable {
    /// Milliseconds since the Unix epoch.
    public var started: Int64
    public var workingDirectory: String
    public var hostname: String
    public var lastReloadSucceeded: Bool
    /// Milliseconds since the Unix epoch.
    public var lastReload: Int64
    /// As a Prometheus duration.
    public var retention: String
    /// Threads of the process, where Prometheus counts goroutines.
    public var threads: Int
    public var processors: Int
    /// The command line's flags with their values.
    public var flags: [String: String]
    /// What is sampled and evaluated, in the words of a Prometheus configuration, without secrets.
    public var configuration: String
    /// Milliseconds since the Unix epoch; nil while the store is empty.
    public var oldestSample: Int64?
    public var newestSample: Int64?
    /// Chunks of the store.
    public var chunks: Int
    /// Addresses of the Alertmanagers that notifications go to, without credentials.
    public var alertmanagers: [String]

    public init(
        started: Int64, workingDirectory: String = "", hostname: String = "", lastReloadSucceeded: Bool = true,
        lastReload: Int64, retention: String = "", threads: Int = 0, processors: Int = 0, flags: [String: String] = [:],
        configuration: String = "", oldestSample: Int64? = nil, newestSample: Int64? = nil, chunks: Int = 0,
        alertmanagers: [String] = []
    ) {
        self.started = started
        self.workingDirectory = workingDirectory
        self.hostname = hostname
        self.lastReloadSucceeded = lastReloadSucceeded
        self.lastReload = lastReload
        self.retention = retention
        self.threads = threads
        self.processors = processors
        self.flags = flags
        self.configuration = configuration
        self.oldestSample = oldestSample
        self.newestSample = newestSample
        self.chunks = chunks
        self.alertmanagers = alertmanagers
    }
}
