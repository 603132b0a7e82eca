internal import MetricsModel

/// What becomes of one column of an answer, by the column's name. A column that an answer lacks has no series; NULL is no sample.
struct Column: Sendable {
    enum Usage: Sendable {
        /// A label of that name, `""` for NULL.
        case label(String)
        /// A number times `scale`; booleans are 1 and 0. `missing` stands for NULL.
        case value(Family, scale: Double, missing: Double?)
        /// A text with a number for some of its values; others are no sample.
        case mapped(Family, numbers: [String: Double])
        /// The array columns `NAME` (upper bounds) and `NAME_bucket` (cumulative counts), and the columns `NAME_sum` and `NAME_count`.
        case histogram(Family)
        case discard
    }

    /// The name in the answer.
    let name: String
    let usage: Usage

    var family: Family? {
        switch usage {
        case .value(let family, _, _), .mapped(let family, _), .histogram(let family): family
        case .label, .discard: nil
        }
    }

    static func label(_ name: String, as label: String? = nil) -> Column {
        Column(name: name, usage: .label(label ?? name))
    }
}

/// A column before it is known which labels its question has: see `Question.init`.
struct ColumnDraft: Sendable {
    let name: String
    let usage: Usage

    enum Usage: Sendable {
        case label(String)
        case metric(
            String, MetricType, help: String, labels: [String]?, scale: Double, missing: Double?, isBulk: Bool)
        case discard
    }

    static func label(_ name: String, as label: String? = nil) -> ColumnDraft {
        ColumnDraft(name: name, usage: .label(label ?? name))
    }

    static func discard(_ name: String) -> ColumnDraft { ColumnDraft(name: name, usage: .discard) }

    /// A gauge. `labels`: only some of the question's labels; nil: all of them, in their order.
    static func gauge(
        _ name: String, _ family: String, _ help: String, labels: [String]? = nil, scale: Double = 1, missing: Double? = nil,
        bulk: Bool = false
    ) -> ColumnDraft {
        metric(name, family, .gauge, help, labels, scale, missing, bulk)
    }

    /// A counter. `labels`: only some of the question's labels; nil: all of them, in their order.
    static func counter(
        _ name: String, _ family: String, _ help: String, labels: [String]? = nil, scale: Double = 1, missing: Double? = nil,
        bulk: Bool = false
    ) -> ColumnDraft {
        metric(name, family, .counter, help, labels, scale, missing, bulk)
    }

    static func untyped(
        _ name: String, _ family: String, _ help: String, labels: [String]? = nil, scale: Double = 1, missing: Double? = nil,
        bulk: Bool = false
    ) -> ColumnDraft {
        metric(name, family, .unknown, help, labels, scale, missing, bulk)
    }

    static func metric(
        _ name: String, _ family: String, _ type: MetricType, _ help: String, _ labels: [String]?, _ scale: Double,
        _ missing: Double?, _ isBulk: Bool
    ) -> ColumnDraft {
        ColumnDraft(
            name: name,
            usage: .metric(
                family, type, help: help, labels: labels, scale: scale, missing: missing, isBulk: isBulk))
    }
}
