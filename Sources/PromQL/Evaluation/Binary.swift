import MetricsModel

extension Query {
    func binary(
        _ node: BinaryOperation, _ left: Value, _ right: Value, _ subset: LabelSubset, _ matching: VectorMatching,
        _ plan: PlanNode
    ) throws(PromQLError) -> Value {
        switch (left, right) {
        case (.scalar(let a), .scalar(let b)):
            if node.op.isComparison { return .scalar(compare(node.op, a, b) ? 1 : 0) }
            if node.op == .trimUpper || node.op == .trimLower {
                throw PromQLError(.execution, "operator \(goQuoted(node.op.rawValue)) not allowed for Scalar operations")
            }
            return .scalar(arithmetic(node.op, a, b))
        case (.vector(let samples), .scalar(let scalar)):
            return .vector(try withScalar(node, samples, scalar, isScalarLeft: false, plan))
        case (.scalar(let scalar), .vector(let samples)):
            return .vector(try withScalar(node, samples, scalar, isScalarLeft: true, plan))
        case (.vector(let a), .vector(let b)):
            if node.op.isSet { return .vector(try sets(node.op, a, b, subset, plan)) }
            return .vector(try vectors(node, a, b, subset, matching, plan))
        case (.string, _), (_, .string):
            throw PromQLError(.execution, "a string has no place in a binary operation", range: plan.range, in: text)
        }
    }

    // MARK: - Elements

    @inline(__always)
    private func compare(_ op: BinaryOperator, _ a: Double, _ b: Double) -> Bool {
        switch op {
        case .equal: a == b
        case .notEqual: a != b
        case .less: a < b
        case .lessOrEqual: a <= b
        case .greater: a > b
        case .greaterOrEqual: a >= b
        case .or, .and, .unless, .trimUpper, .trimLower, .add, .subtract, .multiply, .divide, .modulo, .atan2, .power: false
        }
    }

    @inline(__always)
    private func arithmetic(_ op: BinaryOperator, _ a: Double, _ b: Double) -> Double {
        switch op {
        case .add: a + b
        case .subtract: a - b
        case .multiply: a * b
        case .divide: a / b
        case .modulo: a.truncatingRemainder(dividingBy: b)
        case .power: power(a, b)
        case .atan2: arcTangent(a, b)
        case .or, .and, .unless, .trimUpper, .trimLower, .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: .nan
        }
    }

    private func refuseTrim(_ op: BinaryOperator, _ range: SourceRange) {
        inform(
            "incompatible sample types encountered for binary operator \(goQuoted(op.rawValue)): float \(op.rawValue) float",
            range)
    }

    // MARK: - Vector and scalar

    private func withScalar(
        _ node: BinaryOperation, _ samples: [Sample], _ scalar: Double, isScalarLeft: Bool, _ plan: PlanNode
    ) throws(PromQLError) -> [Sample] {
        if node.op == .trimUpper || node.op == .trimLower {
            if !samples.isEmpty { refuseTrim(node.op, plan.range) }
            return []
        }
        var out: [Sample] = []
        let dropsName = !node.op.isComparison || node.returnsBool
        if dropsName { out.reserveCapacity(samples.count) }
        for var sample in samples {
            let (a, b) = isScalarLeft ? (scalar, sample.value) : (sample.value, scalar)
            if node.op.isComparison {
                let holds = compare(node.op, a, b)
                if node.returnsBool { sample.value = holds ? 1 : 0 } else if !holds { continue }
            } else {
                sample.value = arithmetic(node.op, a, b)
            }
            if dropsName { sample.nameless = true }
            out.append(sample)
        }
        if dropsName, plan.hasSeveralNames { try checkUnique(out) }
        return out
    }

    // MARK: - Sets

    private func sets(_ op: BinaryOperator, _ left: [Sample], _ right: [Sample], _ subset: LabelSubset, _ plan: PlanNode)
        throws(PromQLError) -> [Sample]
    {
        switch op {
        case .and, .unless:
            if left.isEmpty || right.isEmpty { return op == .and ? [] : left }
            var groups = GroupIndex(subset, delaysNames: delaysNames)
            for sample in right { _ = groups.insert(sample) }
            return left.filter { (groups.find($0) != nil) == (op == .and) }
        default:
            if left.isEmpty { return right }
            if right.isEmpty { return left }
            var groups = GroupIndex(subset, delaysNames: delaysNames)
            for sample in left { _ = groups.insert(sample) }
            let out = left + right.filter { groups.find($0) == nil }
            try checkUnique(out)
            return out
        }
    }

    // MARK: - Vector and vector

    private func vectors(
        _ node: BinaryOperation, _ left: [Sample], _ right: [Sample], _ subset: LabelSubset, _ matching: VectorMatching,
        _ plan: PlanNode
    ) throws(PromQLError) -> [Sample] {
        let hasFill = matching.fillLeft != nil || matching.fillRight != nil
        if left.isEmpty || right.isEmpty, !hasFill || left.isEmpty && right.isEmpty { return [] }
        let isSwapped = matching.cardinality == .oneToMany
        let (many, one) = isSwapped ? (right, left) : (left, right)
        // What takes the place of a missing partner. With group_right Prometheus 3.14 fills the many side, which is then the right
        // one, with the left value; its tests pin that.
        let (fillMany, fillOne) = (matching.fillLeft, matching.fillRight)
        var ones = GroupIndex(subset, delaysNames: delaysNames)
        for sample in one {
            let (group, isNew) = ones.insert(sample)
            if !isNew { throw duplicate(sample, ones.representatives[group], subset, side: isSwapped ? "left" : "right") }
        }
        var isMatched = [Bool](repeating: false, count: ones.count)
        var unmatched = GroupIndex(subset, delaysNames: delaysNames)
        var results: [Int: Set<Labels>] = [:]
        var out: [Sample] = []
        out.reserveCapacity(many.count)
        for sample in many {
            let partner: Sample?
            let group: Int
            if let found = ones.find(sample) {
                partner = ones.representatives[found]
                group = found
            } else if fillOne != nil {
                partner = nil
                let (place, isNew) = unmatched.insert(sample)
                group = -1 - place
                if !isNew, matching.cardinality == .oneToOne { throw manyToOne }
            } else {
                continue
            }
            if group >= 0 {
                if matching.cardinality == .oneToOne, isMatched[group] { throw manyToOne }
                isMatched[group] = true
            }
            let labels = resultLabels(node, sample, partner, matching)
            if matching.cardinality != .oneToOne, !results[group, default: []].insert(labels.effective).inserted {
                throw PromQLError(.execution, "multiple matches for labels: grouping labels must ensure unique matches")
            }
            let other = partner?.value ?? fillOne ?? .nan
            let (a, b) = isSwapped ? (other, sample.value) : (sample.value, other)
            append(node, a, b, labels, to: &out, plan.range)
        }
        if let fillMany {
            for (group, sample) in ones.representatives.enumerated() where !isMatched[group] {
                let labels = filledLabels(node, sample, subset, matching)
                let (a, b) = isSwapped ? (sample.value, fillMany) : (fillMany, sample.value)
                append(node, a, b, labels, to: &out, plan.range)
            }
        }
        // Only a matching that looks at names, or takes labels over, can let names decide.
        if plan.hasSeveralNames || matching.cardinality != .oneToOne || hasFill { try checkUnique(out) }
        return out
    }

    private func append(
        _ node: BinaryOperation, _ a: Double, _ b: Double, _ labels: (sample: Sample, effective: Labels), to out: inout [Sample],
        _ range: SourceRange
    ) {
        var sample = labels.sample
        if node.op.isComparison {
            let holds = compare(node.op, a, b)
            if !node.returnsBool, !holds { return }
            sample.value = node.returnsBool ? (holds ? 1 : 0) : a
        } else if node.op == .trimUpper || node.op == .trimLower {
            refuseTrim(node.op, range)
            return
        } else {
            sample.value = arithmetic(node.op, a, b)
        }
        out.append(sample)
    }

    /// The labels of a result, and how they look when a name that is to be dropped is gone.
    private func resultLabels(_ node: BinaryOperation, _ many: Sample, _ one: Sample?, _ matching: VectorMatching) -> (
        sample: Sample, effective: Labels
    ) {
        let dropsName = !node.op.isComparison || node.returnsBool
        var nameless = many.nameless || dropsName
        var labels = many.labels
        if nameless, !delaysNames {
            labels = labels.removingMetadata()
            nameless = false
        }
        if matching.cardinality == .oneToOne {
            if matching.on {
                labels = Labels(sorted: labels.pairs.filter { matching.labels.contains($0.name) })
            } else if !matching.labels.isEmpty {
                labels = Labels(sorted: labels.pairs.filter { !matching.labels.contains($0.name) })
            }
        }
        for name in matching.include {
            let hides = (one?.nameless ?? false) && !delaysNames && isMetadataLabel(name)
            labels = labels.setting(name, to: hides ? "" : one?.labels[name] ?? "")
        }
        return (Sample(labels: labels, value: 0, nameless: nameless), labels)
    }

    /// The labels of a result that only the one side has: those of the match group.
    private func filledLabels(_ node: BinaryOperation, _ one: Sample, _ subset: LabelSubset, _ matching: VectorMatching) -> (
        sample: Sample, effective: Labels
    ) {
        var labels = subset.labels(of: one.labels, hidingName: one.nameless && !delaysNames)
        for name in matching.include { labels = labels.setting(name, to: one.labels[name] ?? "") }
        return (Sample(labels: labels, value: 0), labels)
    }

    // MARK: - Errors

    private var manyToOne: PromQLError {
        PromQLError(.execution, "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)")
    }

    private func duplicate(_ later: Sample, _ earlier: Sample, _ subset: LabelSubset, side: String) -> PromQLError {
        let group = subset.labels(of: later.labels, hidingName: later.nameless && !delaysNames)
        func shown(_ sample: Sample) -> String { (delaysNames ? sample.labels : finalLabels(sample)).errorText }
        return PromQLError(
            .execution,
            "found duplicate series for the match group \(group.errorText) on the \(side) hand-side of the operation: "
                + "[\(shown(later)), \(shown(earlier))];many-to-many matching not allowed: matching labels must be unique on one side"
        )
    }
}
