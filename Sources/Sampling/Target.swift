public import MetricsModel

/// What kind of server a target is; also its `job` in the local store.
public enum TargetKind: String, Sendable, CaseIterable {
    case postgres, redis, pgbouncer, vitals
}

/// Who a target is. Never holds a credential.
public struct TargetIdentity: Sendable, Hashable {
    /// The name of the configuration: what people read in logs and in the `target` label.
    public let name: String
    public let kind: TargetKind
    /// `host:port`, or the path of a Unix socket: the `instance` label in the local store.
    public let instance: String
    /// What every exposed series of the target carries: the configured labels, and `target` when there are several of a kind.
    public let labels: Labels

    public init(name: String, kind: TargetKind, instance: String, labels: Labels = .empty) {
        self.name = name
        self.kind = kind
        self.instance = instance
        self.labels = labels
    }
}

/// How one collector fared in one sample.
public struct CollectorOutcome: Sendable, Equatable {
    public let name: String
    /// False when the source failed, was late or is not there.
    public let success: Bool
    /// From its question leaving to its answer being read. Zero for an answer that was reused.
    public let duration: Duration
    /// False when none of its questions had to be asked.
    public let isAsked: Bool
    /// How many of its questions were not asked, over all databases, by reason (`version`, `role`, `extension` …). No failure.
    public let skipped: [String: Int]
    /// When it was last asked with success, milliseconds since the Unix epoch; nil when it never was, or when nobody keeps it.
    public let lastSuccess: Int64?
    /// Series left out, because there were too many or two of one name and labels.
    public let droppedSeries: Int
    /// Series that went into remainders because of a limit.
    public let limitedSeries: Int

    public init(
        name: String, success: Bool, duration: Duration, isAsked: Bool = true, skipped: [String: Int] = [:],
        lastSuccess: Int64? = nil, droppedSeries: Int = 0, limitedSeries: Int = 0
    ) {
        self.name = name
        self.success = success
        self.duration = duration
        self.isAsked = isAsked
        self.skipped = skipped
        self.lastSuccess = lastSuccess
        self.droppedSeries = droppedSeries
        self.limitedSeries = limitedSeries
    }
}

/// All that one target said in one sample. A failure is data: `up` false, a collector without success, an absent family.
public struct TargetSample: Sendable {
    public let identity: TargetIdentity
    /// Whether the server answered. The family `pg_up`, `redis_up` or `pgbouncer_up` is among `families` in either case.
    public let up: Bool
    public let families: [FamilySamples]
    public let collectors: [CollectorOutcome]
    public let duration: Duration
    /// How often the sample waited for the network; 0 when no answer was awaited.
    public let roundTrips: Int

    public init(
        identity: TargetIdentity, up: Bool, families: [FamilySamples], collectors: [CollectorOutcome] = [],
        duration: Duration = .zero, roundTrips: Int = 0
    ) {
        self.identity = identity
        self.up = up
        self.families = families
        self.collectors = collectors
        self.duration = duration
        self.roundTrips = roundTrips
    }
}

/// A server that can be sampled.
public protocol SampleTarget: Sendable {
    var identity: TargetIdentity { get }
    /// `pg_up`, `redis_up`, `pgbouncer_up`: what a sample shows as 0 when the target did not answer in time. Nil for Vitals itself.
    var upFamily: Family? { get }
    /// Asks everything in as few round trips as the server allows and answers before `deadline` with what has come by then. Never
    /// throws. Never called twice at once by the sampler.
    func sample(deadline: ContinuousClock.Instant) async -> TargetSample
    /// Closes the kept connection.
    func close() async
}

/// A line for the log: the level's name (`info`, `warning`, `error`) and the text, without secrets.
public typealias LogLine = @Sendable (_ level: LogLevel, _ message: String) -> Void

public enum LogLevel: String, Sendable {
    case info, warning, error
}
