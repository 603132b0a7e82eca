import MetricsModel

extension Query {
    func call(_ call: Call, _ arguments: [PlanNode], _ node: PlanNode, at time: Int64) throws(PromQLError) -> Value {
        let kind = call.function.kind
        if let function = elementwise(kind) {
            return .vector(try mapping(arguments, node, at: time, function))
        }
        switch kind {
        // Scalars.
        case .time: return .scalar(Double(time) / 1000)
        case .pi: return .scalar(.pi)
        case .start: return .scalar(Double(start) / 1000)
        case .end: return .scalar(Double(end) / 1000)
        case .step: return .scalar(Double(step) / 1000)
        case .range: return .scalar(Double(end.subtractingSaturated(start)) / 1000)
        case .minOf, .maxOf:
            let (a, b) = (try scalar(arguments[0], at: time), try scalar(arguments[1], at: time))
            return .scalar(kind == .minOf ? goMin(a, b) : goMax(a, b))
        case .scalar:
            let samples = try vector(arguments[0], at: time)
            return .scalar(samples.count == 1 ? samples[0].value : .nan)
        case .vector: return .vector([Sample(labels: .empty, value: try scalar(arguments[0], at: time))])
        // Elements with parameters.
        case .clamp:
            let (low, high) = (try scalar(arguments[1], at: time), try scalar(arguments[2], at: time))
            if high < low { return .vector([]) }
            return .vector(try mapping(arguments, node, at: time) { goMax(low, goMin(high, $0)) })
        case .clampMax:
            let high = try scalar(arguments[1], at: time)
            return .vector(try mapping(arguments, node, at: time) { goMin(high, $0) })
        case .clampMin:
            let low = try scalar(arguments[1], at: time)
            return .vector(try mapping(arguments, node, at: time) { goMax(low, $0) })
        case .round:
            let inverse = 1 / (arguments.count > 1 ? try scalar(arguments[1], at: time) : 1)
            return .vector(try mapping(arguments, node, at: time) { ($0 * inverse + 0.5).rounded(.down) / inverse })
        case .timestamp: return .vector(try timestamps(arguments[0], node, at: time))
        case .dayOfMonth, .dayOfWeek, .dayOfYear, .daysInMonth, .hour, .minute, .month, .year:
            if arguments.isEmpty {
                return .vector([Sample(labels: .empty, value: dateField(kind, Double(time) / 1000))])
            }
            return .vector(try mapping(arguments, node, at: time) { dateField(kind, $0) })
        // Whole vectors.
        case .absent: return .vector(try vector(arguments[0], at: time).isEmpty ? [absentSample(call.arguments[0])] : [])
        case .sort, .sortDesc, .sortByLabel, .sortByLabelDesc: return .vector(try sorted(call, arguments, at: time))
        case .labelReplace: return .vector(try labelReplace(arguments, node, at: time))
        case .labelJoin: return .vector(try labelJoin(arguments, at: time))
        case .histogramQuantile:
            let q = try scalar(arguments[0], at: time)
            return .vector(try histogramQuantile(q, try vector(arguments[1], at: time), arguments, node, at: time))
        case .histogramQuantiles: return .vector(try histogramQuantiles(arguments, node, at: time))
        case .histogramFraction:
            let (low, high) = (try scalar(arguments[0], at: time), try scalar(arguments[1], at: time))
            return .vector(try histogramFraction(low, high, try vector(arguments[2], at: time), arguments, node))
        case .absentOverTime: return .vector(try absentOverTime(call, arguments[0], at: time))
        case .histogramAvg, .histogramCount, .histogramStddev, .histogramStdvar, .histogramSum:
            // They pass over floats, and there is nothing else.
            _ = try vector(arguments[0], at: time)
            return .vector([])
        case .startTimestamp: return .vector(try startTimestamps(arguments[0], node, at: time))
        default: return .vector(try overWindows(call, arguments, node, at: time))
        }
    }

    /// Applies `function` to every value and drops the names.
    private func mapping(_ arguments: [PlanNode], _ node: PlanNode, at time: Int64, _ function: (Double) -> Double)
        throws(PromQLError) -> [Sample]
    {
        var samples = try vector(arguments[0], at: time)
        for index in samples.indices {
            samples[index].value = function(samples[index].value)
            samples[index].nameless = true
        }
        if node.hasSeveralNames { try checkUnique(samples) }
        return samples
    }

    private func timestamps(_ argument: PlanNode, _ node: PlanNode, at time: Int64) throws(PromQLError) -> [Sample] {
        var out: [Sample] = []
        if case .selector(let source) = argument.kind, source.edges == .plain {
            try eachNewest(source, at: time) { labels, timestamp, _ in
                out.append(Sample(labels: labels, value: Double(timestamp) / 1000, nameless: true))
            }
        } else {
            out = try vector(argument, at: time)
            for index in out.indices {
                out[index].value = Double(time) / 1000
                out[index].nameless = true
            }
        }
        if node.hasSeveralNames { try checkUnique(out) }
        return out
    }

    // MARK: - Absence

    /// The one sample of `absent`, with what the selector says about the labels that are missing.
    private func absentSample(_ argument: Expression) -> Sample {
        let matchers: [LabelMatcher]
        switch argument {
        case .vector(let selector): matchers = selector.matchers
        case .matrix(let matrix): matchers = matrix.selector.matchers
        default: return Sample(labels: .empty, value: 1)
        }
        var labels = Labels.empty
        var seen: Set<String> = []
        for matcher in matchers where matcher.name != Labels.metricName {
            // A label that is matched twice says nothing.
            let counts = matcher.op == .equal && seen.insert(matcher.name).inserted
            labels = labels.setting(matcher.name, to: counts ? matcher.value : "")
        }
        return Sample(labels: labels, value: 1)
    }

    private func absentOverTime(_ call: Call, _ argument: PlanNode, at time: Int64) throws(PromQLError) -> [Sample] {
        guard let source = argument.windows else { return [] }
        var isPresent = false
        let isRemembered = try eachRemembered(.presentOverTime, source, at: time) { _, _ in
            isPresent = true
        } samples: { _, _ in
        }
        if isRemembered { return isPresent ? [] : [absentSample(call.arguments[0].withoutParentheses)] }
        for series in try source.loadWithoutMarkers(self) where source.window(of: series, at: time).count > 0 { return [] }
        return [absentSample(call.arguments[0].withoutParentheses)]
    }

    // MARK: - Order

    private func sorted(_ call: Call, _ arguments: [PlanNode], at time: Int64) throws(PromQLError) -> [Sample] {
        if step > 0 {
            warn("sort is ineffective for range queries since results are always ordered by labels", call.range)
        }
        let samples = try vector(arguments[0], at: time)
        switch call.function.kind {
        case .sortByLabel, .sortByLabelDesc:
            var names: [String] = []
            for argument in arguments.dropFirst() { names.append(try string(argument, at: time)) }
            let isDescending = call.function.kind == .sortByLabelDesc
            return samples.sorted { a, b in
                for name in names {
                    let (x, y) = (a.labels[name] ?? "", b.labels[name] ?? "")
                    if sameBytes(x, y) { continue }
                    return isDescending ? naturallyPrecedes(y, x) : naturallyPrecedes(x, y)
                }
                return isDescending ? b.labels < a.labels : a.labels < b.labels
            }
        default:
            let isDescending = call.function.kind == .sortDesc
            return samples.sorted { a, b in
                if a.value.isNaN { return false }
                if b.value.isNaN { return true }
                return isDescending ? a.value > b.value : a.value < b.value
            }
        }
    }

    // MARK: - Labels

    private func labelReplace(_ arguments: [PlanNode], _ node: PlanNode, at time: Int64) throws(PromQLError) -> [Sample] {
        let destination = try string(arguments[1], at: time)
        let replacement = try string(arguments[2], at: time)
        let sourceName = try string(arguments[3], at: time)
        if node.pattern == nil {
            let text = try string(arguments[4], at: time)
            do {
                // Prometheus looks at the wrapped text only: `a)(b` is a pattern here, though not of a matcher.
                node.pattern = try RegularExpression("^(?s:\(text))$", isAnchored: false)
            } catch {
                throw PromQLError(.execution, "invalid regular expression in label_replace(): \(text)")
            }
        }
        guard isLabelName(arguments[1], destination) else {
            throw PromQLError(.execution, "invalid destination label name in label_replace(): \(destination)")
        }
        guard let pattern = node.pattern else { return [] }
        var samples = try vector(arguments[0], at: time)
        for index in samples.indices {
            let value = Array((visibleLabel(sourceName, of: samples[index]) ?? "").utf8)
            guard let groups = pattern.firstMatch(in: value) else { continue }
            let result = String(decoding: pattern.expand(replacement, groups: groups, in: value), as: UTF8.self)
            set(destination, to: result, in: &samples[index])
        }
        try checkUnique(samples)
        return samples
    }

    private func labelJoin(_ arguments: [PlanNode], at time: Int64) throws(PromQLError) -> [Sample] {
        let destination = try string(arguments[1], at: time)
        let separator = try string(arguments[2], at: time)
        var sources: [String] = []
        for (index, argument) in arguments.enumerated().dropFirst(3) {
            let name = try string(argument, at: time)
            guard isLabelName(arguments[index], name) else {
                throw PromQLError(.execution, "invalid source label name in label_join(): \(name)")
            }
            sources.append(name)
        }
        guard isLabelName(arguments[1], destination) else {
            throw PromQLError(.execution, "invalid destination label name in label_join(): \(destination)")
        }
        var samples = try vector(arguments[0], at: time)
        for index in samples.indices {
            let values = sources.map { visibleLabel($0, of: samples[index]) ?? "" }
            set(destination, to: values.joined(separator: separator), in: &samples[index])
        }
        try checkUnique(samples)
        return samples
    }

    private func visibleLabel(_ name: String, of sample: Sample) -> String? {
        sample.nameless && !delaysNames && isMetadataLabel(name) ? nil : sample.labels[name]
    }

    private func set(_ name: String, to value: String, in sample: inout Sample) {
        if name == Labels.metricName {
            if sample.nameless, !delaysNames { sample.labels = sample.labels.removingMetadata() }
            sample.nameless = false
        }
        sample.labels = sample.labels.setting(name, to: value)
    }

    /// Any UTF-8 text but the empty one.
    private func isLabelName(_ node: PlanNode, _ name: String) -> Bool {
        if case .string(let literal) = node.kind, String(validating: literal.bytes, as: UTF8.self) == nil { return false }
        return !name.isEmpty
    }
}

/// Order in which digits count as numbers: `node2` before `node10`.
func naturallyPrecedes(_ a: String, _ b: String) -> Bool {
    let (x, y) = (Array(a.utf8), Array(b.utf8))
    var i = 0
    var j = 0
    while i < x.count, j < y.count {
        if isDigit(x[i]), isDigit(y[j]) {
            let iEnd = x[i...].firstIndex { !isDigit($0) } ?? x.count
            let jEnd = y[j...].firstIndex { !isDigit($0) } ?? y.count
            let m = x[i..<iEnd].drop { $0 == UInt8(ascii: "0") }
            let n = y[j..<jEnd].drop { $0 == UInt8(ascii: "0") }
            if m.count != n.count { return m.count < n.count }
            if !m.elementsEqual(n) { return m.lexicographicallyPrecedes(n) }
            i = iEnd
            j = jEnd
        } else {
            if x[i] != y[j] { return x[i] < y[j] }
            i += 1
            j += 1
        }
    }
    return x.count - i < y.count - j
}
