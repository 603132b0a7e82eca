internal import MetricsModel

extension RuleGroup {
    /// What a rule reads.
    mutating func reads(ofRule place: Int) -> RuleReads {
        if let known = rules[place].reads { return known }
        let reads = rules[place].definition.expression.reads
        setReads(reads, ofRule: place)
        return reads
    }

    /// The selectors that a rule needs, and those of the rules that record what it reads.
    mutating func sources(ofRule place: Int) -> [RuleSelector] {
        var found = reads(ofRule: place).needed
        var followed: Set<String> = []
        var next = found[...]
        while let selector = next.popFirst() {
            guard let metric = selector.metric, followed.insert(metric).inserted else { continue }
            let behind = recorded[metric, default: []].flatMap(\.reads.needed)
            found += behind
            next += behind
        }
        return found
    }

    /// Looks which rules can have no result because no series applies to what they need. Metrics that a rule records, `ALERTS` among
    /// them, come and go with the conditions: a rule that reads them is never said to be dead.
    ///
    /// - Parameter all: false looks again only at those that were dead, which costs next to nothing: nothing is found.
    mutating func inspect(_ catalog: any SeriesCatalog, all: Bool) {
        for place in rules.indices where all || !rules[place].deadSelectors.isEmpty {
            let dead = reads(ofRule: place).deadSelectors { selector in
                if let metric = selector.metric {
                    if metric == "ALERTS" || metric == "ALERTS_FOR_STATE" || recorded[metric] != nil { return true }
                }
                return catalog.hasSeries(selector.matchers)
            }
            var texts: [String] = []
            for selector in dead ?? [] where !texts.contains(selector.text) { texts.append(selector.text) }
            setDeadSelectors(texts, ofRule: place)
        }
    }

    /// Whether an alert of before has no element now.
    func hasLost(_ before: [Labels: ActiveAlert], _ elements: [AlertRuleState.Element]) -> Bool {
        let active = before.values.filter { $0.state != .inactive }
        guard !active.isEmpty else { return false }
        let present = Set(elements.map(\.labels))
        return active.contains { !present.contains($0.labels) }
    }
}
