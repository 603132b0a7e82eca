/// What becomes of one column of the answer to a user's query.
struct CustomColumn: Sendable, Hashable {
    enum Usage: Sendable, Hashable {
        case label, gauge, counter, discard
        /// A text with a number for some of its values; others are no sample.
        case mapped([String: Double])
        /// A text as Go writes durations (`1m30s`), in milliseconds.
        case duration
        /// The array columns `NAME` (upper bounds) and `NAME_bucket` (cumulative counts), and the columns `NAME_sum` and `NAME_count`.
        case histogram
        /// Each row is one observation: how they are spread over these upper bounds right now. Ascending and finite.
        case snapshot([Double])
    }

    /// The name in the answer.
    let name: String
    let usage: Usage
    /// What the label is called, or the metric behind the collector's name.
    var alias: String
    var help = ""
    var scale = 1.0
    /// Stands for NULL; nil: then there is no sample.
    var missing: Double?

    init(_ name: String, _ usage: Usage) {
        self.name = name
        self.usage = usage
        alias = name
    }

    /// Whether series come from it.
    var isMetric: Bool { usage != .label && usage != .discard }
}
