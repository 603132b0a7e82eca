import FoundationEssentials
import Glibc
import Support
import Testing

/// The list of metrics in the README, which `vitals metrics` prints on a live server.
@Suite struct MetricsListTests {
    private static let readme = packageDirectory + "/README.md"

    @Test("The README lists every family of a live Vitals with its type and labels, and none that is not there")
    func list() async throws {
        let stage = try await LiveStage.get()
        let table = try await Self.table(of: stage)
        // Set, the list is written instead of compared.
        if getenv("VITALS_WRITE_README") != nil { try Self.write(table) }
        let listed = Self.rows(try Self.section().text)
        for (name, row) in Self.rows(table) {
            #expect(
                listed[name] == row,
                "README.md, list of metrics: \(name). `VITALS_WRITE_README=1 swift test --filter MetricsList`")
        }
        let live = Self.rows(table)
        #expect(listed.keys.filter { live[$0] == nil }.sorted() == [])
    }

    private static func table(of stage: LiveStage) async throws -> String {
        for _ in 0..<20 {
            let (code, output) = try await RunningVitals.run(
                ["metrics", stage.vitals.url + "/metrics"], in: stage.servers.directory)
            guard code == 0 else { throw SupportError("vitals metrics: \(output)") }
            if LiveStage.windowed.allSatisfy({ output.contains("`\($0)`") }) { return output }
            try await Task.sleep(for: .milliseconds(300))
        }
        throw SupportError("\(LiveStage.windowed) are never there together")
    }

    /// Type and labels of each family, as they stand in the table.
    private static func rows(_ table: String) -> [String: String] {
        var rows: [String: String] = [:]
        for line in table.split(separator: "\n") where line.hasPrefix("| `") {
            let cells = line.split(separator: "|", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
            guard cells.count == 4, let labels = cells[3].split(separator: "|", omittingEmptySubsequences: false).first else {
                continue
            }
            rows[cells[1]] = "\(cells[2])|\(labels)"
        }
        return rows
    }

    private static func section() throws -> (before: String, text: String, after: String) {
        let text = String(decoding: try Data(contentsOf: URL(filePath: readme)), as: UTF8.self)
        guard let begin = text.firstRange(of: "<!-- metrics:begin -->"), let end = text.firstRange(of: "<!-- metrics:end -->")
        else {
            throw SupportError("README.md has no place for the list of metrics")
        }
        return (
            String(text[..<begin.upperBound]), String(text[begin.upperBound..<end.lowerBound]), String(text[end.lowerBound...])
        )
    }

    private static func write(_ table: String) throws {
        let section = try section()
        let count = rows(table).count
        let text =
            section.before + "\n<details>\n<summary>All \(count) families</summary>\n\n" + table
            + "\n\n</details>\n" + section.after
        try Data(text.utf8).write(to: URL(filePath: readme))
    }
}
