import FoundationEssentials
import Glibc
import MetricsModel
import Testing

@testable import Sampling

@Suite struct ExporterDifferenceTests {
    @Test("The README's table of differences from postgres_exporter is the one that `vitals metrics --differences` prints")
    func readme() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../README.md")
        let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        let begin = try #require(text.firstRange(of: "<!-- differences:begin -->"))
        let end = try #require(text.firstRange(of: "<!-- differences:end -->"))
        let table =
            "\n<details>\n<summary>What is different, and why</summary>\n\n\(ExporterDifference.markdown)\n\n</details>\n"
        // Set, the table is written instead of compared.
        if getenv("VITALS_WRITE_README") != nil {
            try Data((text[..<begin.upperBound] + table + text[end.lowerBound...]).utf8).write(to: file)
        } else {
            #expect(
                text[begin.upperBound..<end.lowerBound] == table, "`VITALS_WRITE_README=1 swift test --filter ExporterDifference`"
            )
        }
    }

    @Test(
        "A difference covers its name, and of a pattern those that fit",
        arguments: [
            ("pg_locks_count", "pg_locks_count", true), ("pg_locks_count", "pg_locks_counts", false), ("go_*", "go_info", true),
            ("go_*", "pg_go_info", false), ("pg_stat_wal_receiver_*_time", "pg_stat_wal_receiver_last_msg_send_time", true),
            ("pg_stat_wal_receiver_*_time", "pg_stat_wal_receiver_flushed_lsn", false), ("a*b*c", "a_b_c", true),
            ("a*b*c", "abc", true), ("a*b*c", "ac", false), ("ab*ba", "aba", false),
        ])
    func pattern(_ pattern: String, _ name: String, _ covers: Bool) {
        #expect(ExporterDifference(pattern, .value, "").covers(name) == covers)
    }

    @Test("A family is renamed to one that is there, and what is renamed is not there as well unless it says why")
    func renamed() {
        let ours = Set(PostgresCollectorSwitch.all.flatMap(\.questions).flatMap(\.families).map(\.name))
        for difference in ExporterDifference.current + ExporterDifference.old {
            guard case .renamed(let names) = difference.kind else { continue }
            for name in names where name.hasPrefix("pg_") { #expect(ours.contains(name), "\(difference.name) => \(name)") }
        }
        // Each is said once.
        let said = (ExporterDifference.current + ExporterDifference.old).map { "\($0.name) \($0.kind)" }
        #expect(Set(said).count == said.count)
    }
}
