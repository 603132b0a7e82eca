import MetricsModel

extension Query {
    func aggregate(
        _ node: Aggregation, _ operand: PlanNode, _ parameter: PlanNode?, _ subset: LabelSubset, at time: Int64
    ) throws(PromQLError) -> [Sample] {
        var scalarParameter = Double.nan
        var label = ""
        if let parameter {
            if node.aggregator == .countValues {
                label = try countValuesLabel(parameter, at: time)
            } else {
                scalarParameter = try scalar(parameter, at: time)
            }
        }
        let samples = try vector(operand, at: time)
        switch node.aggregator {
        case .sum:
            return fold(samples, subset, node.range, KahanSum()) {
                $0.add($1)
            } result: {
                $0.total
            }
        case .avg:
            return fold(samples, subset, node.range, KahanMean()) {
                $0.add($1)
            } result: {
                $0.mean
            }
        case .count:
            return fold(samples, subset, node.range, 0.0) { state, _ in
                state += 1
            } result: {
                $0
            }
        case .group:
            return fold(samples, subset, node.range, 1.0) { _, _ in
            } result: {
                $0
            }
        case .min:
            return fold(samples, subset, node.range, Double.nan) {
                if $0.isNaN || $1 < $0 { $0 = $1 }
            } result: {
                $0
            }
        case .max:
            return fold(samples, subset, node.range, Double.nan) {
                if $0.isNaN || $1 > $0 { $0 = $1 }
            } result: {
                $0
            }
        case .stdvar:
            return fold(samples, subset, node.range, Welford()) {
                $0.add($1)
            } result: {
                $0.variance
            }
        case .stddev:
            return fold(samples, subset, node.range, Welford()) {
                $0.add($1)
            } result: {
                $0.variance.squareRoot()
            }
        case .quantile:
            checkQuantile(scalarParameter, parameter?.range ?? node.range)
            return fold(samples, subset, node.range, [Double]()) {
                $0.append($1)
            } result: {
                quantile(scalarParameter, of: $0)
            }
        case .countValues: return try countValues(samples, subset, label: label)
        case .topk, .bottomk, .limitk, .limitRatio:
            return try choose(node, samples, subset, scalarParameter, parameter?.range ?? node.range)
        }
    }

    /// One result per group, each from a state that every member is added to.
    private func fold<State>(
        _ samples: [Sample], _ subset: LabelSubset, _ place: SourceRange, _ initial: State, add: (inout State, Double) -> Void,
        result: (State) -> Double
    ) -> [Sample] {
        if subset.keeps, subset.names.isEmpty {
            guard let first = samples.first else { return [] }
            var state = initial
            var nameless = first.nameless
            for sample in samples {
                add(&state, sample.value)
                nameless = nameless || sample.nameless
            }
            return [Sample(labels: .empty, value: result(state), nameless: nameless)]
        }
        let grouping = grouping(samples, subset, place)
        var states = Array(repeating: initial, count: grouping.results.count)
        for (sample, group) in zip(samples, grouping.groups) { add(&states[Int(group)], sample.value) }
        return states.indices.map {
            Sample(labels: grouping.results[$0], value: result(states[$0]), nameless: grouping.resultIsNameless[$0])
        }
    }

    // MARK: - count_values

    private func countValuesLabel(_ parameter: PlanNode, at time: Int64) throws(PromQLError) -> String {
        if case .string(let literal) = parameter.kind,
            literal.bytes.isEmpty || String(validating: literal.bytes, as: UTF8.self) == nil
        {
            throw PromQLError(.execution, "invalid label name \(goQuoted(literal.bytes))")
        }
        return try string(parameter, at: time)
    }

    private func countValues(_ samples: [Sample], _ subset: LabelSubset, label: String) throws(PromQLError) -> [Sample] {
        var counts: [Labels: Int] = [:]
        var out: [Sample] = []
        for sample in samples {
            let hides = sample.nameless && !delaysNames
            let labels = subset.labels(of: sample.labels, hidingName: hides).setting(label, to: goFixedText(sample.value))
            if let place = counts[labels] {
                out[place].value += 1
                out[place].nameless = out[place].nameless || sample.nameless
            } else {
                counts[labels] = out.count
                out.append(Sample(labels: labels, value: 1, nameless: sample.nameless))
            }
        }
        return out
    }

    // MARK: - topk, bottomk, limitk, limit_ratio

    private func choose(
        _ node: Aggregation, _ samples: [Sample], _ subset: LabelSubset, _ parameter: Double, _ range: SourceRange
    ) throws(PromQLError) -> [Sample] {
        var ratio = parameter
        var limit = 0
        if node.aggregator == .limitRatio {
            guard !ratio.isNaN else { throw PromQLError(.execution, "Ratio value is NaN") }
            if ratio.magnitude > 1 {
                let capped: Double = ratio < 0 ? -1 : 1
                warn(
                    "ratio value should be between -1 and 1, got \(goGeneralText(ratio)), capping to \(goGeneralText(capped))",
                    range)
                ratio = capped
            }
            if ratio == 0 { return [] }
        } else {
            guard !parameter.isNaN else { throw PromQLError(.execution, "Parameter value is NaN") }
            guard parameter < 0x1p63, parameter > -0x1p63 else {
                throw PromQLError(
                    .execution, "Scalar value \(goGeneralText(parameter)) \(parameter < 0 ? "under" : "over")flows int64")
            }
            limit = min(Int(parameter), samples.count)
            if limit < 1 { return [] }
        }
        var groups = GroupIndex(subset, delaysNames: delaysNames)
        var members: [[Sample]] = []
        for sample in samples {
            let (group, isNew) = groups.insert(sample)
            if isNew { members.append([]) }
            switch node.aggregator {
            case .limitk where members[group].count >= limit: break
            case .limitRatio where !isChosen(sample, ratio): break
            default: members[group].append(sample)
            }
        }
        guard node.aggregator == .topk || node.aggregator == .bottomk else { return members.flatMap { $0 } }
        let isTop = node.aggregator == .topk
        var out: [Sample] = []
        for group in members {
            // The sort is stable: of equal values the earlier stays ahead. NaN loses against everything.
            let best = group.sorted { a, b in
                if a.value.isNaN { return false }
                if b.value.isNaN { return true }
                return isTop ? a.value > b.value : a.value < b.value
            }
            out += best.prefix(limit)
        }
        return out
    }

    /// Whether a series is in the share: its hash decides, so that `r` and `r - 1` take complementary parts.
    private func isChosen(_ sample: Sample, _ ratio: Double) -> Bool {
        let labels = delaysNames ? sample.labels : finalLabels(sample)
        let place = Double(labels.prometheusHash) / Double(UInt64.max)
        return ratio >= 0 ? place < ratio : place >= 1 + ratio
    }

    func checkQuantile(_ q: Double, _ range: SourceRange) {
        if q.isNaN || q < 0 || q > 1 {
            warn("quantile value should be between 0 and 1, got \(goGeneralText(q))", range)
        }
    }
}

/// Running variance (B. P. Welford, 1962).
private struct Welford {
    private var count = 0.0
    private var mean = 0.0
    private var squares = 0.0

    mutating func add(_ value: Double) {
        count += 1
        if count == 1 {
            mean = value
            squares = value.isFinite ? 0 : .nan
            return
        }
        let delta = value - mean
        mean += delta / count
        squares += delta * (value - mean)
    }

    var variance: Double { squares / count }
}
