public import MetricsModel

/// One sampled target as `/api/v1/targets` shows it.
public struct ScrapeTargetView: Sendable {
    /// With `job` and `instance`.
    public let labels: Labels
    /// Where it is, without credentials: `postgres://db:5432`.
    public let address: String
    /// Nil before the first sample.
    public let isUp: Bool?
    /// Milliseconds since the Unix epoch; nil before the first sample.
    public let lastSample: Int64?
    public let durationSeconds: Double
    /// What went wrong last, without secrets; empty when nothing did.
    public let error: String
    /// As a Prometheus duration.
    public let interval: String
    public let timeout: String
    /// What its metrics mean.
    public let metadata: [MetricMetadata]

    public init(
        labels: Labels, address: String, isUp: Bool?, lastSample: Int64?, durationSeconds: Double = 0, error: String = "",
        interval: String, timeout: String, metadata: [MetricMetadata] = []
    ) {
        self.labels = labels
        self.address = address
        self.isUp = isUp
        self.lastSample = lastSample
        self.durationSeconds = durationSeconds
        self.error = error
        self.interval = interval
        self.timeout = timeout
        self.metadata = metadata
    }

    var job: String { labels["job"] ?? "" }
}
