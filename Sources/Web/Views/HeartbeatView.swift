/// One dead man's switch as the pages show it. Instants in milliseconds since the Unix epoch.
public struct HeartbeatView: Sendable {
    public let name: String
    public let lastAttempt: Int64?
    public let lastSuccess: Int64?
    /// Why the last ping did not arrive; nil when it did.
    public let error: String?
    /// What was last told to be wrong with the evaluation; nil for nothing.
    public let problem: String?

    public init(name: String, lastAttempt: Int64?, lastSuccess: Int64?, error: String?, problem: String?) {
        self.name = name
        self.lastAttempt = lastAttempt
        self.lastSuccess = lastSuccess
        self.error = error
        self.problem = problem
    }
}
