/// What a family's samples mean, in the words of the Prometheus text format and OpenMetrics.
public enum MetricType: String, Sendable, CaseIterable {
    case counter, gauge, histogram, summary
    /// `untyped` in the text format 0.0.4, `unknown` in OpenMetrics. Also the type of a counter whose established name lacks
    /// `_total`: OpenMetrics and promtool would refuse the name as a counter's, and a rename would break its users' dashboards.
    case unknown
}

/// A metric family: its name, type, help and label names, declared once in the code. Identity is the object.
public final class Family: Sendable, Hashable {
    /// As it stands in the `# TYPE` line of the text format 0.0.4: a counter's ends in `_total`.
    public let name: String
    public let type: MetricType
    /// What it is and where it is measured. One line.
    public let help: String
    /// The names of its own labels, in the order in which values are given. Constant labels of a target come on top.
    public let labelNames: [String]
    /// Whether it has a series for each of something that there may be thousands of (tables, indexes). The local store keeps such a family only
    /// where something reads it.
    public let isBulk: Bool
    /// Its `# HELP` and `# TYPE` lines, rendered once.
    let textHeader: [UInt8]
    let openMetricsHeader: [UInt8]

    public init(_ name: String, _ type: MetricType, labels: [String] = [], bulk: Bool = false, help: String) {
        self.name = name
        self.type = type
        self.help = help
        self.labelNames = labels
        isBulk = bulk
        textHeader = Family.textHeader(name, type, help: help)
        openMetricsHeader = Family.openMetricsHeader(name, type, help: help)
    }

    public static func == (a: Family, b: Family) -> Bool { a === b }

    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
