/// One sampled target as the landing page shows it.
public struct TargetView: Sendable, Equatable {
    public let job: String
    public let instance: String
    public let isUp: Bool
    /// Milliseconds since the Unix epoch; nil before the first sample.
    public let lastSample: Int64?
    /// What went wrong last, without secrets.
    public let error: String?

    public init(job: String, instance: String, isUp: Bool, lastSample: Int64? = nil, error: String? = nil) {
        self.job = job
        self.instance = instance
        self.isUp = isUp
        self.lastSample = lastSample
        self.error = error
    }
}
