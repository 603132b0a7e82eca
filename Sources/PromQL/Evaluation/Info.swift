import MetricsModel

/// The labels by which info series belong to others.
private let identifyingLabels = LabelSubset(names: ["instance", "job"], keeps: true)

extension Planner {
    /// The info series of an `info` call: as of the time at which the base samples are read.
    func infoSource(_ call: Call, from: Int64, through: Int64) throws(PromQLError) -> WindowSource {
        var matchers: [LabelMatcher] = []
        if call.arguments.count > 1, case .vector(let selector) = call.arguments[1] { matchers = selector.matchers }
        let names = matchers.filter { $0.name == Labels.metricName }
        if names.isEmpty {
            matchers.append(LabelMatcher(Labels.metricName, equals: "target_info"))
        } else if !names.contains(where: { $0.op == .equal || $0.op == .regex }) {
            // What only says which names are not meant is about info metrics.
            let text = ".+_info"
            matchers.append(LabelMatcher(Labels.metricName, matching: try RegularExpression(text), text: text, negated: false))
        }
        var at: Int64?
        var offset: Int64 = 0
        var node: Expression? = call.arguments.first
        func enter(_ time: EvaluationTime?, _ shift: DurationValue, _ range: SourceRange) throws(PromQLError) {
            if let time = resolve(time) {
                at = time
                offset = 0
            }
            offset = offset.addingSaturated(try resolve(shift, range))
        }
        while let inner = node {
            node = nil
            switch inner {
            case .vector(let selector): try enter(selector.at, selector.offset, selector.range)
            case .matrix(let matrix): try enter(matrix.selector.at, matrix.selector.offset, matrix.range)
            case .subquery(let subquery):
                try enter(subquery.at, subquery.offset, subquery.range)
                node = subquery.inner
            case .aggregation(let aggregation): node = aggregation.operand
            case .binary(let binary): node = binary.left.type == .scalar ? binary.right : binary.left
            case .unary(let unary): node = unary.operand
            case .call(let call): node = call.arguments.first { $0.type == .vector || $0.type == .matrix }
            case .parentheses(let parentheses): node = parentheses.inner
            case .number, .string: break
            }
        }
        let (first, last) = bounds(at: at, offset: offset, from: from, through: through)
        let lookback = query.engine.lookback
        return WindowSource(
            .store(matchers, .all), range: call.range, at: at, offset: offset, length: lookback, edges: .plain,
            from: first.subtractingSaturated(lookback).addingSaturated(1), through: last)
    }
}

extension Query {
    /// Adds the data labels of the info series with the same `instance` and `job` (promql/info.go).
    func info(_ source: WindowSource, _ arguments: [PlanNode], at time: Int64) throws(PromQLError) -> [Sample] {
        guard case .store(let matchers, _) = source.origin else { return [] }
        let nameMatchers = matchers.filter { $0.name == Labels.metricName }
        let dataMatchers = matchers.filter { $0.name != Labels.metricName }
        var groups = GroupIndex(identifyingLabels, delaysNames: delaysNames)
        // For each group: the newest series of each info metric.
        var members: [[(labels: Labels, time: Int64)]] = []
        var conflict: PromQLError?
        try eachNewest(source, at: time) { labels, timestamp, _ in
            let (group, isNew) = groups.insert(Sample(labels: labels, value: 0))
            if isNew { members.append([]) }
            guard let rival = members[group].firstIndex(where: { sameBytes($0.labels.name, labels.name) }) else {
                return members[group].append((labels, timestamp))
            }
            let other = members[group][rival]
            if other.time == timestamp {
                conflict = PromQLError(
                    .execution,
                    "found duplicate series for info metric: existing \(other.labels.errorText) @ \(other.time), new \(labels.errorText) @ \(timestamp)"
                )
            } else if other.time < timestamp {
                members[group][rival] = (labels, timestamp)
            }
        }
        if let conflict { throw conflict }
        var out: [Sample] = []
        for var sample in try vector(arguments[0], at: time) {
            let hidesName = sample.nameless && !delaysNames
            let name = hidesName ? "" : sample.labels.name
            if !name.isEmpty, nameMatchers.allSatisfy({ $0.matches(name) }) {
                out.append(sample)
                continue
            }
            let group = identifyingLabels.labels(of: sample.labels, hidingName: true).isEmpty ? nil : groups.find(sample)
            guard let group else {
                if dataMatchers.allSatisfy({ $0.matches("") }) { out.append(sample) }
                continue
            }
            for (labels, _) in members[group] {
                for label in labels.pairs where isWanted(label.name, dataMatchers) && sample.labels[label.name] == nil {
                    sample.labels = sample.labels.setting(label.name, to: label.value)
                }
            }
            out.append(sample)
        }
        try checkUnique(out)
        return out
    }

    private func isWanted(_ name: String, _ dataMatchers: [LabelMatcher]) -> Bool {
        if isMetadataLabel(name) || identifyingLabels.names.contains(name) { return false }
        return dataMatchers.isEmpty || dataMatchers.contains { $0.name == name }
    }
}
