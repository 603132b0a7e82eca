public import MetricsModel

extension ReadNames {
    /// What the rules of these files read. A template that queries may read anything: what it asks for is known when it is expanded.
    public init(rules files: [RuleFile]) {
        let rules = files.flatMap(\.groups).flatMap(\.rules)
        if rules.contains(where: \.hasQueryInTemplate) {
            self = .everything
        } else {
            self.init(selectors: rules.flatMap { $0.expression.reads.selectors })
        }
    }
}

extension RuleDefinition {
    /// Whether a label or an annotation calls `query`.
    fileprivate var hasQueryInTemplate: Bool {
        switch kind {
        case .record: false
        case .alert(_, _, let annotations):
            (labels + annotations).contains { $0.template != nil && callsQuery($0.text) }
        }
    }
}

/// Whether the word stands in the text, outside of longer names; in plain text it does no harm but memory.
private func callsQuery(_ text: String) -> Bool {
    guard text.contains("{{") else { return false }
    let words = text.split { !($0.isLetter || $0.isNumber || $0 == "_") }
    return words.contains("query")
}
