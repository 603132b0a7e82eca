import MetricsModel

/// A node of an expression that is ready to be evaluated: durations and times resolved, selectors bound to the series they need.
final class PlanNode {
    enum Kind {
        case number(Double)
        case string(StringLiteral)
        case selector(WindowSource)
        case windows(WindowSource)
        case aggregation(Aggregation, PlanNode, parameter: PlanNode?, LabelSubset)
        case binary(BinaryOperation, PlanNode, PlanNode, LabelSubset, VectorMatching)
        case unary(negative: Bool, PlanNode)
        case call(Call, [PlanNode])
        case info(WindowSource, [PlanNode])
    }

    let kind: Kind
    let range: SourceRange
    /// The same at every step of the query.
    let isInvariant: Bool
    /// Its samples may come from metrics of different names, so that dropping the names may make labels equal.
    let hasSeveralNames: Bool
    var cached: Value?
    /// Compiled once per query (label_replace).
    var pattern: RegularExpression?

    init(_ kind: Kind, _ range: SourceRange, isInvariant: Bool, hasSeveralNames: Bool) {
        self.kind = kind
        self.range = range
        self.isInvariant = isInvariant
        self.hasSeveralNames = hasSeveralNames
    }

    /// The series behind a range.
    var windows: WindowSource? {
        if case .windows(let source) = kind { return source }
        return nil
    }
}

struct Planner {
    let query: Query

    /// Functions whose value depends on the evaluation time itself.
    private static let timeBound: Set<Function.Kind> = [
        .time, .timestamp, .daysInMonth, .dayOfMonth, .dayOfWeek, .dayOfYear, .hour, .minute, .month, .year, .predictLinear,
        .start,
        .end, .step, .range,
    ]

    /// Plans for evaluation times in `from…through`.
    func plan(_ expression: Expression, from: Int64, through: Int64) throws(PromQLError) -> PlanNode {
        switch expression {
        case .number(let node): return PlanNode(.number(node.value), node.range, isInvariant: true, hasSeveralNames: false)
        case .string(let node): return PlanNode(.string(node), node.range, isInvariant: true, hasSeveralNames: false)
        case .parentheses(let node): return try plan(node.inner, from: from, through: through)
        case .vector(let selector):
            let source = try self.source(
                selector, length: query.engine.lookback, range: selector.range, from: from, through: through, isInstant: true)
            return PlanNode(
                .selector(source), selector.range, isInvariant: source.at != nil, hasSeveralNames: !selector.hasOneName)
        case .matrix(let matrix):
            let length = try positive(matrix.window, matrix.range)
            let source = try self.source(
                matrix.selector, length: length, range: matrix.range, from: from, through: through, isInstant: false)
            return PlanNode(
                .windows(source), matrix.range, isInvariant: source.at != nil, hasSeveralNames: !matrix.selector.hasOneName)
        case .subquery(let subquery): return try plan(subquery, from: from, through: through)
        case .unary(let node):
            let operand = try plan(node.operand, from: from, through: through)
            return PlanNode(
                .unary(negative: node.negative, operand), expression.range, isInvariant: operand.isInvariant,
                hasSeveralNames: operand.hasSeveralNames)
        case .aggregation(let node): return try plan(node, from: from, through: through)
        case .binary(let node): return try plan(node, expression.range, from: from, through: through)
        case .call(let call): return try plan(call, from: from, through: through)
        }
    }

    private func plan(_ node: Aggregation, from: Int64, through: Int64) throws(PromQLError) -> PlanNode {
        let operand = try plan(node.operand, from: from, through: through)
        var parameter: PlanNode?
        if let expression = node.parameter { parameter = try plan(expression, from: from, through: through) }
        let subset = LabelSubset(names: node.grouping, keeps: !node.without)
        let keepsNames =
            [.topk, .bottomk, .limitk, .limitRatio].contains(node.aggregator) || node.grouping.contains(Labels.metricName)
        return PlanNode(
            .aggregation(node, operand, parameter: parameter, subset), node.range,
            isInvariant: operand.isInvariant && parameter?.isInvariant ?? true,
            hasSeveralNames: keepsNames && operand.hasSeveralNames)
    }

    private func plan(_ node: BinaryOperation, _ range: SourceRange, from: Int64, through: Int64) throws(PromQLError) -> PlanNode
    {
        let left = try plan(node.left, from: from, through: through)
        let right = try plan(node.right, from: from, through: through)
        let matching = node.effectiveMatching ?? VectorMatching()
        let subset = LabelSubset(names: matching.labels, keeps: matching.on)
        return PlanNode(
            .binary(node, left, right, subset, matching), range, isInvariant: left.isInvariant && right.isInvariant,
            hasSeveralNames: left.hasSeveralNames || right.hasSeveralNames || node.op == .or)
    }

    private func plan(_ call: Call, from: Int64, through: Int64) throws(PromQLError) -> PlanNode {
        var arguments: [PlanNode] = []
        if call.function.kind == .info, let base = call.arguments.first {
            let operand = try plan(base, from: from, through: through)
            let source = try infoSource(call, from: from, through: through)
            return PlanNode(
                .info(source, [operand]), call.range, isInvariant: operand.isInvariant && source.at != nil, hasSeveralNames: true)
        }
        for argument in call.arguments { arguments.append(try plan(argument, from: from, through: through)) }
        if let windows = arguments.lazy.compactMap(\.windows).first { try checkEdges(windows, call) }
        let renames = call.function.kind == .labelReplace || call.function.kind == .labelJoin || call.function.kind == .info
        return PlanNode(
            .call(call, arguments), call.range,
            isInvariant: arguments.allSatisfy(\.isInvariant) && !Planner.timeBound.contains(call.function.kind),
            hasSeveralNames: renames || arguments.contains(where: \.hasSeveralNames))
    }

    /// `anchored` and `smoothed` have a meaning for some functions only.
    private func checkEdges(_ windows: WindowSource, _ call: Call) throws(PromQLError) {
        let allowed: [String]
        switch windows.edges {
        case .plain: return
        case .anchored: allowed = ["changes", "delta", "increase", "rate", "resets"]
        case .smoothed: allowed = ["delta", "increase", "rate"]
        }
        guard allowed.contains(call.function.name) else {
            throw PromQLError(
                .execution,
                "\(windows.edges.rawValue) modifier can only be used with: \(allowed.joined(separator: ", ")) - not with \(call.function.name)"
            )
        }
    }

    private func plan(_ node: Subquery, from: Int64, through: Int64) throws(PromQLError) -> PlanNode {
        let length = try positive(node.window, node.range)
        let offset = try resolve(node.offset, node.range)
        var step = query.engine.subqueryStep
        if let own = node.step { step = try positive(own, node.range) }
        let at = resolve(node.at)
        let (first, last) = bounds(at: at, offset: offset, from: from, through: through)
        let oldest = first.subtractingSaturated(length).addingSaturated(1)
        let inner = try plan(node.inner, from: oldest, through: last)
        let source = WindowSource(
            .subquery(inner, step: step), range: node.range, at: at, offset: offset, length: length, edges: .plain, from: oldest,
            through: last)
        return PlanNode(.windows(source), node.range, isInvariant: at != nil, hasSeveralNames: inner.hasSeveralNames)
    }

    private func source(
        _ selector: VectorSelector, length: Int64, range: SourceRange, from: Int64, through: Int64, isInstant: Bool
    ) throws(PromQLError) -> WindowSource {
        let offset = try resolve(selector.offset, range)
        let at = resolve(selector.at)
        let (first, last) = bounds(at: at, offset: offset, from: from, through: through)
        var oldest = first.subtractingSaturated(length).addingSaturated(1)
        var newest = last
        // Anchored and smoothed windows look for neighbours outside, smoothed ones on both sides.
        if selector.edges != .plain { oldest = oldest.subtractingSaturated(query.engine.lookback) }
        if selector.edges == .smoothed { newest = newest.addingSaturated(query.engine.lookback) }
        let isOneTime = first == last && isInstant && selector.edges == .plain
        return WindowSource(
            .store(selector.matchers, isOneTime ? .newest : .all), range: range, at: at, offset: offset, length: length,
            edges: selector.edges, from: oldest, through: newest)
    }

    func bounds(at: Int64?, offset: Int64, from: Int64, through: Int64) -> (Int64, Int64) {
        ((at ?? from).subtractingSaturated(offset), (at ?? through).subtractingSaturated(offset))
    }

    func resolve(_ at: EvaluationTime?) -> Int64? {
        switch at {
        case nil: nil
        case .start?: query.start
        case .end?: query.end
        case .at(let time)?: time
        }
    }

    func resolve(_ duration: DurationValue, _ range: SourceRange) throws(PromQLError) -> Int64 {
        switch duration {
        case .milliseconds(let value): return value
        case .expression(let expression):
            do {
                return try expression.milliseconds(step: query.step, range: query.end.subtractingSaturated(query.start))
            } catch {
                throw PromQLError(.execution, error.rawValue, range: expression.sourceRange, in: query.text)
            }
        }
    }

    private func positive(_ duration: DurationValue, _ range: SourceRange) throws(PromQLError) -> Int64 {
        let value = try resolve(duration, range)
        guard value > 0 else {
            var place = range
            if case .expression(let expression) = duration { place = expression.sourceRange }
            throw PromQLError(.execution, "duration must be greater than 0", range: place, in: query.text)
        }
        return value
    }
}

extension VectorSelector {
    /// All series that it selects have the same metric name.
    var hasOneName: Bool {
        matchers.contains { $0.name == Labels.metricName && $0.op == .equal && !$0.value.isEmpty }
    }
}
