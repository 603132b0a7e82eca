public import MetricsModel

/// A selector of a rule's expression.
public struct RuleSelector: Sendable {
    /// With the one for the metric name, if there is one.
    public let matchers: [LabelMatcher]
    /// As it is written, without range and offset.
    public let text: String
    /// Milliseconds of its range; nil for an instant selector.
    public let window: Int64?
    /// By how many milliseconds its newest instant lies before the evaluation: offsets, and subqueries around it.
    public let shift: Int64
    /// Whether `@` ties it to a time of its own.
    public let isFixed: Bool

    public init(matchers: [LabelMatcher], text: String, window: Int64?, shift: Int64, isFixed: Bool) {
        self.matchers = matchers
        self.text = text
        self.window = window
        self.shift = shift
        self.isFixed = isFixed
    }

    /// The metric that it names, when it names one.
    var metric: String? {
        matchers.first { $0.op == .equal && sameBytes($0.name, Labels.metricName) && !$0.value.isEmpty }?.value
    }
}

/// What a rule's expression reads, and how its result depends on that.
public struct RuleReads: Sendable {
    public indirect enum Node: Sendable {
        case selector(RuleSelector)
        /// Has a result whatever is read: `vector(1)`, `time()`, `absent(x)`.
        case always
        /// Empty as soon as one of these is: arithmetic, comparison, `and`.
        case all([Node])
        /// Empty only when all of these are: `or`.
        case any([Node])
    }

    public let root: Node
    /// Milliseconds before the evaluation of the oldest sample that the expression can see.
    public let reach: Int64
    /// Labels whose values the expression itself makes: `label_replace`, `count_values`, `group_left (x)`.
    public let madeLabels: Set<String>
    /// The matchers of every selector, those whose series the result does not depend on among them: what `absent` and `unless` read.
    public let selectors: [[LabelMatcher]]

    public init(root: Node, reach: Int64, madeLabels: Set<String>, selectors: [[LabelMatcher]]) {
        self.root = root
        self.reach = reach
        self.madeLabels = madeLabels
        self.selectors = selectors
    }

    public static let nothing = RuleReads(root: .always, reach: 0, madeLabels: [], selectors: [])

    /// Those without whose series the result can be empty, in the order of the text.
    public var needed: [RuleSelector] { Self.needed(root) }

    /// Those that make the result empty for good: nil when it can have elements, else the selectors to which no series applies.
    ///
    /// - Parameter matches: whether there is any series for a selector.
    func deadSelectors(_ matches: (RuleSelector) -> Bool) -> [RuleSelector]? { Self.dead(root, matches) }

    private static func needed(_ node: Node) -> [RuleSelector] {
        switch node {
        case .selector(let selector): [selector]
        case .always: []
        case .all(let nodes), .any(let nodes): nodes.flatMap(needed)
        }
    }

    private static func dead(_ node: Node, _ matches: (RuleSelector) -> Bool) -> [RuleSelector]? {
        switch node {
        case .selector(let selector): return matches(selector) ? nil : [selector]
        case .always: return nil
        case .all(let nodes):
            let found = nodes.compactMap { dead($0, matches) }
            return found.isEmpty ? nil : found.flatMap { $0 }
        case .any(let nodes):
            let found = nodes.compactMap { dead($0, matches) }
            return found.count < nodes.count ? nil : found.flatMap { $0 }
        }
    }
}
