import Alerting
import MetricsModel
import PromQL

/// What has to hold for any input of a target. Nil: it holds.
struct FuzzCheck {
    typealias Fault = (input: String, reason: String)

    let target: FuzzTarget

    func run(_ random: inout FuzzRandom) -> Fault? {
        switch target {
        case .parser: parser(&random)
        case .lexer: lexer(&random)
        case .series: series(&random)
        case .pattern: pattern(&random)
        case .template: template(&random)
        case .evaluator: EvaluatorCheck.run(&random)
        case .oracle: OracleCheck.run(&random)
        }
    }

    private func expressionText(_ random: inout FuzzRandom) -> String {
        if random.chance(10) { return TextGenerator.bytes(&random) }
        var generator = ExpressionGenerator(random, budget: 1 + random.below(14))
        let text = generator.expression()
        random = generator.random
        return random.chance(50) ? text : TextGenerator.mutated(text, &random)
    }

    /// What parses prints as something that parses to the same.
    private func parser(_ random: inout FuzzRandom) -> Fault? {
        let text = expressionText(&random)
        let expression: PromQLExpression
        do {
            expression = try PromQLExpression(text, features: .all)
        } catch {
            return error.message.isEmpty || error.column > text.utf8.count + 1
                ? (text, "an error without words or place: \(error)") : nil
        }
        let pinned = expression.root.pinned(to: 5_000).description
        for printed in [expression.description, pinned] {
            do {
                let again = try PromQLExpression(printed, features: .all).description
                if again != printed { return (text, "prints \(printed), which prints \(again)") }
            } catch {
                // A range below half a millisecond prints as 0s, in Prometheus too.
                if error.message == "duration must be greater than 0" { continue }
                return (text, "prints \(printed), which does not parse: \(error)")
            }
        }
        if expression.root.json.isEmpty { return (text, "has no tree") }
        _ = expression.reach()
        _ = expression.unsupported
        return nil
    }

    /// Every item is a piece of the text, and they stand in its order.
    private func lexer(_ random: inout FuzzRandom) -> Fault? {
        let text = random.chance(50) ? TextGenerator.bytes(&random) : expressionText(&random)
        let bytes = Array(text.utf8)
        for isSeries in [false, true] {
            var end = 0
            for item in lexicalItems(of: text, isSeries: isSeries) where item.kind != "error" {
                let stop = item.position + item.text.utf8.count
                guard item.position >= end, stop <= bytes.count, bytes[item.position..<stop].elementsEqual(item.text.utf8) else {
                    return (text, "item \(item.kind) \(item.text) at \(item.position)")
                }
                end = stop
            }
        }
        return nil
    }

    private func series(_ random: inout FuzzRandom) -> Fault? {
        var text = TextGenerator.series(&random)
        if random.chance(60) { text = TextGenerator.mutated(text, &random) }
        do {
            let series = try SeriesNotation(text)
            if series.values.count > SeriesNotation.valuesMax { return (text, "\(series.values.count) values") }
        } catch {
            if error.message.isEmpty { return (text, "an error without words") }
        }
        return nil
    }

    /// An anchored pattern matches exactly where it finds groups, and replacing ends.
    private func pattern(_ random: inout FuzzRandom) -> Fault? {
        var text = TextGenerator.pattern(&random)
        if random.chance(40) { text = TextGenerator.mutated(text, &random) }
        do {
            let anchored = try RegularExpression(text)
            let free = try RegularExpression(text, isAnchored: false)
            for value in ["", "a", "foo", "ab\nfoo", "ü1xx", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"] {
                let groups = anchored.firstMatch(in: Array(value.utf8))
                if anchored.matches(value) != (groups != nil) { return (text, "matches and groups of \(value) differ") }
                if let whole = groups?.first, whole != 0..<value.utf8.count { return (text, "an anchored match of a part") }
                let replaced = free.replacingMatches(in: value, with: random.pick(["", "$0", "${1}x", "$n0$$"]))
                if replaced.utf8.count > 10_000 { return (text, "replacing grows") }
            }
        } catch {
            if !error.message.hasPrefix("error parsing regexp: ") { return (text, "\(error)") }
        }
        return nil
    }

    private struct FixedLanguage: RuleLanguage {
        struct Answer: RuleExpression {
            let text: String

            func evaluate(at timestamp: Int64, source: any SeriesSource) throws(RuleExpressionError) -> [RuleSample] {
                if text.hasPrefix("m") { throw RuleExpressionError("no answer") }
                return ["b", "a"].map { RuleSample(labels: Labels(["__name__": "up", "a": $0]), value: 2) }
            }
        }

        func parse(_ text: String) throws(RuleSyntaxError) -> any RuleExpression {
            if text.hasPrefix("sum") { throw RuleSyntaxError(message: "no", line: 1, column: 1) }
            return Answer(text: text)
        }
    }

    /// A template that parses gives a text, and again the same text.
    private func template(_ random: inout FuzzRandom) -> Fault? {
        var text = TemplateGenerator.template(&random)
        if random.chance(40) { text = TextGenerator.mutated(text, &random) }
        let template: Template
        do {
            template = try Template.alertTemplate(text, alert: "X")
        } catch {
            return error.description.isEmpty ? (text, "an error without words") : nil
        }
        let labels = Labels(["a": "1", "instance": "db:9187"])
        let value = random.pick([0, 1.5, -1e300, .nan, .infinity, 1_435_065_584.128, .leastNonzeroMagnitude])
        let context = TemplateContext(
            settings: RuleSettings(), timestamp: 1_435_065_584_128, source: RandomStore([]), language: FixedLanguage())
        let output = template.expand(labels: labels, value: value, context)
        if output.utf8.count > 1 << 21 { return (text, "grows to \(output.utf8.count) bytes") }
        return output == template.expand(labels: labels, value: value, context) ? nil : (text, "expands differently")
    }
}
