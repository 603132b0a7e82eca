/// Which metrics somebody reads: those whose names the selectors of rules can have.
public struct ReadNames: Sendable {
    /// Every metric.
    public static let everything = ReadNames(names: [], patterns: [[]])

    private let names: Set<String>
    /// For each selector that does not say one name, its conditions on the name: none for one that takes every name.
    private let patterns: [[LabelMatcher]]

    /// - Parameter selectors: the matchers of each, with the one for the metric name where there is one.
    public init(selectors: some Sequence<[LabelMatcher]>) {
        var names: Set<String> = []
        var patterns: [[LabelMatcher]] = []
        for matchers in selectors {
            let own = matchers.filter { sameBytes($0.name, Labels.metricName) }
            if let plain = own.first(where: { $0.op == .equal }), own.count == 1 {
                names.insert(plain.value)
            } else if own.count == 1, own[0].op == .regex, let literals = own[0].pattern?.literals {
                names.formUnion(literals)
            } else {
                patterns.append(own)
            }
        }
        self.init(names: names, patterns: patterns)
    }

    private init(names: Set<String>, patterns: [[LabelMatcher]]) {
        self.names = names
        self.patterns = patterns
    }

    public func contains(_ name: String) -> Bool {
        names.contains(name) || patterns.contains { $0.allSatisfy { $0.matches(name) } }
    }

    /// Whether samples of a family are read, under its own name or one of its parts'.
    public func contains(_ family: Family) -> Bool {
        switch family.type {
        case .counter, .gauge, .unknown: contains(family.name)
        case .histogram, .summary: ["", "_bucket", "_sum", "_count"].contains { contains(family.name + $0) }
        }
    }
}
