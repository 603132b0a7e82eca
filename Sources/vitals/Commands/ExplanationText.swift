import Sampling
import YAML

/// What a Postgres target would ask, as a table for people.
struct ExplanationText {
    private struct Row {
        var cells: [String]
        var verdict: String
        var sql = ""
    }

    let target: String
    /// Where the user's collectors stand, by the names of their questions.
    let custom: [CustomCollector]
    let showsSQL: Bool

    private static let head = ["COLLECTOR", "QUESTION", "DATABASE", "EVERY", "TIMEOUT"]

    /// Of a server that answered.
    func lines(_ plan: PostgresPlan) -> [String] {
        let version =
            plan.version >= 100_000
            ? "\(plan.version / 10_000).\(plan.version % 10_000)"
            : "\(plan.version / 10_000).\(plan.version / 100 % 100).\(plan.version % 100)"
        let rights = plan.isMonitor ? "" : " (without pg_monitor's rights)"
        var lines = ["\(target): Postgres \(version), a \(plan.isStandby ? "standby" : "primary"), as \(plan.user)\(rights)"]
        let sampled = plan.databases.filter { $0.problem == nil }.map { $0.isHome ? "\($0.name) (the address')" : $0.name }
        if !sampled.isEmpty { lines.append("databases: \(sampled.joined(separator: ", "))") }
        let others = plan.databases.compactMap { database in database.problem.map { "\(database.name) (\($0))" } }
        if !others.isEmpty { lines.append("not sampled: \(others.joined(separator: ", "))") }
        let home = plan.databases.first(where: \.isHome)?.name ?? "-"
        var asked = 0
        let rows = plan.entries.map { entry in
            var row = Row(
                cells: [
                    entry.collector, entry.question, entry.database ?? home, every(entry.interval), text(entry.statementTimeout),
                ], verdict: "yes")
            switch entry.decision {
            case .ask:
                asked += 1
                row.sql = entry.sql
            case .skip(let reason, let detail):
                row.verdict = "no, it needs \(detail)" + (reason == "version" ? "; this is \(version)" : "")
            }
            row.verdict += place(entry.question)
            return row
        }
        lines += table(rows + off(plan.off))
        lines.append("\(asked) questions are asked, \(rows.count - asked) are not; \(plan.off.count) collectors are off")
        return lines
    }

    /// Of a server that did not.
    func lines(_ outline: PostgresOutline, without error: String) -> [String] {
        let rows = outline.entries.map { entry in
            let needs = entry.requirements.isEmpty ? "" : ", and needs " + entry.requirements.joined(separator: ", ")
            return Row(
                cells: [
                    entry.collector, entry.question, entry.isPerDatabase ? "every one" : "the address'", every(entry.interval),
                    text(entry.statementTimeout),
                ], verdict: "on\(needs)" + place(entry.question))
        }
        return ["\(target): no answer: \(error)", "what can be said without the server:"] + table(rows + off(outline.off))
    }

    private func off(_ collectors: [String]) -> [Row] {
        collectors.map { Row(cells: [$0, "-", "-", "-", "-"], verdict: "no, switched off") }
    }

    private func place(_ question: String) -> String {
        custom.first { $0.branch == question }.map { " (\($0.file):\($0.line))" } ?? ""
    }

    private func every(_ interval: Duration) -> String { interval == .zero ? "sample" : text(interval) }

    private func text(_ duration: Duration) -> String { PrometheusDuration.text(milliseconds: duration.milliseconds) }

    /// In columns; the last one ends where it ends.
    private func table(_ rows: [Row]) -> [String] {
        let widths = Self.head.indices.map { column in
            min(48, rows.map { $0.cells[column].count }.max() ?? 0, default: Self.head[column].count)
        }
        func line(_ cells: [String], _ last: String) -> String {
            zip(cells, widths).map { cell, width in cell + String(repeating: " ", count: max(0, width - cell.count)) + "  " }
                .joined() + last
        }
        return [line(Self.head, "ASKED")]
            + rows.flatMap { row in
                let sql = showsSQL ? row.sql.split(separator: "\n").map { "        \($0)" } : []
                return [line(row.cells, row.verdict)] + sql
            }
    }

    private func min(_ most: Int, _ width: Int, default least: Int) -> Int { Swift.min(most, max(width, least)) }
}
