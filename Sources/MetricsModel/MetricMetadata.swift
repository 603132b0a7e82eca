/// What a metric's samples mean, as `/api/v1/metadata` says it.
public struct MetricMetadata: Sendable, Hashable {
    /// The family's name.
    public let metric: String
    /// `counter`, `gauge`, `histogram`, `summary`, `unknown`, or one of the younger `gaugehistogram`, `info`, `stateset`.
    public let type: String
    public let help: String
    /// Empty when none is declared.
    public let unit: String

    public init(metric: String, type: String, help: String, unit: String = "") {
        self.metric = metric
        self.type = type
        self.help = help
        self.unit = unit
    }
}
