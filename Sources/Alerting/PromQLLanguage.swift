internal import MetricsModel
public import PromQL

/// PromQL as the language of rules.
public struct PromQLLanguage: RuleLanguage {
    private let engine: PromQLEngine

    public init(_ engine: PromQLEngine = PromQLEngine()) {
        self.engine = engine
    }

    public func parse(_ text: String) throws(RuleSyntaxError) -> any RuleExpression {
        let expression: PromQLExpression
        do {
            expression = try engine.parse(text)
        } catch {
            throw Self.syntaxError(error)
        }
        // A rule that can never have a result is refused rather than silent.
        if let error = expression.unsupported { throw Self.syntaxError(error) }
        return PromQLRuleExpression(expression: expression, engine: engine)
    }

    private static func syntaxError(_ error: PromQLError) -> RuleSyntaxError {
        RuleSyntaxError(message: error.message, line: max(1, error.line), column: max(1, error.column))
    }
}

/// A PromQL expression of a rule.
struct PromQLRuleExpression: RuleExpression {
    let expression: PromQLExpression
    let engine: PromQLEngine
    private let memory = EvaluationMemory()

    init(expression: PromQLExpression, engine: PromQLEngine) {
        self.expression = expression
        self.engine = engine
    }

    var text: String { expression.description }

    func evaluate(at timestamp: Int64, source: any SeriesSource) throws(RuleExpressionError) -> [RuleSample] {
        let result: QueryResult
        do {
            result = try engine.evaluate(expression, at: timestamp, over: source, memory: memory)
        } catch {
            // Positions belong to errors of the text; those of evaluation are worded without, as in Prometheus.
            throw RuleExpressionError(error.code == .parse ? error.description : error.message)
        }
        switch result.value {
        case .vector(let samples):
            return samples.compactMap { sample in sample.value.number.map { RuleSample(labels: sample.labels, value: $0) } }
        case .scalar(let value, _): return [RuleSample(labels: .empty, value: value)]
        case .matrix, .string: throw RuleExpressionError("rule result is not a vector or scalar")
        }
    }
}
