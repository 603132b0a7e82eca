import FoundationEssentials
import PromQL
import Support
import Testing

/// A rule or a panel made for postgres_exporter says the same of Vitals' samples: each expression, and what stands before its threshold, is
/// put to two Prometheis, of which one scrapes the exporter and one Vitals.
@Suite struct PublicExpressionTests {
    @Test("The postgres mixin's, awesome-prometheus-alerts' and the dashboards' expressions say the same of both")
    func agreement() async throws {
        let pair = try await ExporterPair.get()
        var answered = 0
        for item in PublicExpression.all where item.reason == nil {
            for expression in try Self.forms(of: item.expression) {
                var wrong = try await Self.compare(expression, item.tolerance, pair)
                // Two instants of a busy machine may differ once.
                for _ in 0..<3 where wrong.finding != nil {
                    try await Task.sleep(for: .seconds(1))
                    wrong = try await Self.compare(expression, item.tolerance, pair)
                }
                answered += wrong.isEmpty ? 0 : 1
                #expect(wrong.finding == nil, "\(item.source), \(item.name): \(expression)")
            }
        }
        // Most have an answer on a healthy server when their thresholds are taken away.
        #expect(answered >= PublicExpression.all.count * 2 / 3, "\(answered)")
    }

    @Test("What is excused is the exporter's fault: both can be asked, and Vitals has an answer where the exporter has one")
    func excused() async throws {
        let pair = try await ExporterPair.get()
        for item in PublicExpression.all where item.reason != nil {
            let expression = try #require(try Self.forms(of: item.expression).last)
            let theirs = try await pair.theirs.query(expression)
            let ours = try await pair.ours.query(expression)
            #expect(theirs.isEmpty || !ours.isEmpty, "\(item.name): \(expression)")
        }
    }

    /// As it is, and without the outermost threshold.
    private static func forms(of text: String) throws -> [String] {
        let expression = try PromQLExpression(text)
        let open = open(expression.root)
        return open == expression.description ? [text] : [text, open]
    }

    private static func open(_ node: PromQL.Expression) -> String {
        switch node {
        case .parentheses(let parentheses): open(parentheses.inner)
        case .binary(let operation) where operation.op.isComparison || operation.op.isSet: open(operation.left)
        default: node.description
        }
    }

    private static func compare(
        _ expression: String, _ tolerance: Double, _ pair: ExporterPair
    ) async throws -> (finding: String?, isEmpty: Bool) {
        let moment = Int64(Date().timeIntervalSince1970 * 1_000) - 1_500
        let theirs = common(try await pair.theirs.query(expression, at: moment))
        let ours = common(try await pair.ours.query(expression, at: moment))
        // The exporter asks in one database; Vitals in all of them.
        let others = Set(ours.keys).subtracting(theirs.keys).filter {
            ($0["datname"] ?? ExporterPair.database) == ExporterPair.database
        }
        let missing = Set(theirs.keys).subtracting(ours.keys)
        if !missing.isEmpty { return ("missing: \(missing)", false) }
        if !others.isEmpty { return ("too many: \(others)", false) }
        for (labels, value) in theirs {
            guard let mine = ours[labels] else { continue }
            let isSame = value == mine || value.isNaN && mine.isNaN
            if !isSame, !(abs(value - mine) <= tolerance * max(abs(value), abs(mine))) {
                return ("\(labels): \(mine) here, \(value) there", false)
            }
        }
        return (nil, theirs.isEmpty)
    }

    /// Without what 0.11.1 alone has: the label `server`, and the series of no database.
    private static func common(_ series: [QueryClient.Series]) -> [[String: String]: Double] {
        Dictionary(
            series.filter { $0.labels["datid"] != "0" }.map { ($0.labels.filter { $0.key != "server" }, $0.value) },
            uniquingKeysWith: +)
    }
}
