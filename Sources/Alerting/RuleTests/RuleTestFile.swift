internal import MetricsModel

/// A file of rule unit tests, in promtool's format
/// (https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/). Durations in milliseconds.
struct RuleTestFile: Sendable {
    /// Paths and globs as written.
    var ruleFiles: [String] = []
    var evaluationInterval: Int64 = 60_000
    /// Group names in the order of their evaluation.
    var groupOrder: [String] = []
    /// Whether neighbouring floats are equal.
    var isFuzzy = false
    var tests: [RuleTest] = []
}

/// One test: input series, and what the rules make of them. Durations in milliseconds, times from the start of the test.
struct RuleTest: Sendable {
    struct InputSeries: Sendable {
        var series = ""
        var values = ""
    }

    struct AlertExpectation: Sendable {
        var time: Int64 = 0
        var alertName = ""
        var alerts: [ExpectedAlert] = []
    }

    /// Sorted by name; labels with `alertname`.
    struct ExpectedAlert: Sendable {
        var labels: [Label] = []
        var annotations: [Label] = []
    }

    struct ExpressionExpectation: Sendable {
        var expression = ""
        var time: Int64 = 0
        var samples: [ExpectedSample] = []
    }

    struct ExpectedSample: Sendable {
        var labels = ""
        var value = 0.0
        var histogram = ""
    }

    /// Empty when it has none.
    var name = ""
    /// Between the values of the input series; nil: the evaluation interval.
    var interval: Int64?
    /// Milliseconds since the epoch.
    var start: Int64 = 0
    var inputSeries: [InputSeries] = []
    var alerts: [AlertExpectation] = []
    var expressions: [ExpressionExpectation] = []
    var externalLabels: [Label] = []
    var externalURL = ""

    /// The time of the last expectation.
    var end: Int64 {
        max(alerts.lazy.map(\.time).max() ?? 0, expressions.lazy.map(\.time).max() ?? 0, 0)
    }
}
