import MetricsModel
import Sampling
import Support
import Testing

/// Whoever puts Vitals in the place of Debian's postgres_exporter finds every series again: the same name, labels, type and value, but for
/// `ExporterDifference`.
@Suite struct ExporterParityTests {
    private struct Series: Hashable {
        let name: String
        let labels: [String: String]
    }

    private static let differences = ExporterDifference.current + ExporterDifference.old

    private static func kinds(_ name: String) -> [ExporterDifference.Kind] {
        differences.filter { $0.covers(name) }.map(\.kind)
    }

    private static func isExcused(_ name: String) -> Bool {
        kinds(name).contains { if case .absent = $0 { true } else { false } }
    }

    private static func names(_ name: String) -> [String] {
        kinds(name).compactMap { if case .renamed(let names) = $0 { names } else { nil } }.flatMap { $0 }
    }

    @Test("Every family of the exporter is there, with its type")
    func families() async throws {
        let scraped = try await ExporterPair.get().scrape()
        let ours = Dictionary(scraped.ours.families.map { ($0.name, $0.type) }, uniquingKeysWith: { first, _ in first })
        #expect(scraped.before.families.count > 300)
        // NULL is NaN there.
        let families = scraped.before.families.filter { family in
            !Self.isExcused(family.name) && family.samples.contains { !$0.value.isNaN }
        }
        for family in families {
            let renamed = Self.names(family.name)
            guard renamed.isEmpty else {
                for name in renamed { #expect(ours[name] != nil, "\(family.name) => \(name)") }
                continue
            }
            let types = Self.kinds(family.name).compactMap { if case .type(let type) = $0 { type } else { nil } }
            #expect(ours[family.name] == types.first ?? family.type, "\(family.name)")
        }
    }

    @Test("Every series of the exporter is there, with its labels and with a value between two of its own")
    func series() async throws {
        let pair = try await ExporterPair.get()
        // What one database of a busy machine says twice may be said in between: three chances.
        var wrong = ["nothing was compared"]
        for _ in 0..<3 where !wrong.isEmpty { wrong = Self.compare(try await pair.scrape()) }
        #expect(wrong == [])
    }

    private static func compare(
        _ scraped: (before: ParsedExposition, ours: ParsedExposition, after: ParsedExposition)
    ) -> [String] {
        var wrong: [String] = []
        let ours = Dictionary(scraped.ours.families.map { ($0.name, $0.samples) }, uniquingKeysWith: { $0 + $1 })
        for family in scraped.before.families
        where !isExcused(family.name) && names(family.name).isEmpty && !kinds(family.name).contains(.value) {
            let after = scraped.after.families.first { $0.name == family.name }?.samples ?? []
            let mine = ours[family.name] ?? []
            // Both have these labels, whatever else one of them has.
            let common = labelNames(family.samples).intersection(labelNames(mine))
            let wanted =
                [labelNames(family.samples)]
                + kinds(family.name).compactMap { if case .labels(let names) = $0 { Set(names) } else { nil } }
            // Labels without a value are left out.
            if !wanted.contains(where: { labelNames(mine).isSubset(of: $0) }) {
                wrong.append("\(family.name): labels \(labelNames(mine).sorted()), not \(wanted.map { $0.sorted() })")
            }
            let (low, high) = (group(family.samples, common), group(after, common))
            let here = group(mine, common)
            for (series, value) in low where series.labels["datid"] != "0" {
                guard let found = here[series] else {
                    wrong.append("\(series.name)\(series.labels) is missing")
                    continue
                }
                guard let other = high[series] else { continue }
                let slack = max(Tolerance.of(series.name), max(abs(value), abs(other)) * 1e-9)
                if found.isFinite, found < min(value, other) - slack || found > max(value, other) + slack {
                    wrong.append("\(series.name)\(series.labels): \(value), \(found) here, \(other)")
                }
            }
        }
        return wrong
    }

    private static func labelNames(_ samples: [ParsedExposition.Sample]) -> Set<String> {
        Set(samples.flatMap { $0.labels.pairs.map(\.name) })
    }

    /// Summed over the labels that only one has; of an age the greatest.
    private static func group(_ samples: [ParsedExposition.Sample], _ labels: Set<String>) -> [Series: Double] {
        var grouped: [Series: Double] = [:]
        for sample in samples where !sample.value.isNaN {
            let pairs = sample.labels.pairs.filter { labels.contains($0.name) }.map { ($0.name, $0.value) }
            let series = Series(name: sample.name, labels: Dictionary(pairs, uniquingKeysWith: { first, _ in first }))
            let isAge = sample.name.hasSuffix("max_tx_duration")
            grouped[series] = grouped[series].map { isAge ? max($0, sample.value) : $0 + sample.value } ?? sample.value
        }
        return grouped
    }
}

/// How far a value may lie outside of what the exporter said before and after.
private enum Tolerance {
    static func of(_ name: String) -> Double {
        switch name {
        // Each counts the other's connections and the locks of the other's question, and leaves out its own.
        case "pg_stat_activity_count", "pg_stat_database_numbackends", "pg_locks_count": 12
        // Seconds go by; the exporter gives whole ones.
        case "pg_stat_activity_max_tx_duration", "pg_replication_lag", "pg_stat_archiver_last_archive_age": 5
        case _ where name.hasSuffix("stats_reset") || name.hasSuffix("stats_reset_total"): 1
        case _ where name.hasPrefix("pg_stat_user_tables_last_") || name == "pg_postmaster_start_time_seconds": 1
        // Read at most once a minute.
        case "pg_database_size_bytes": 4_194_304
        default: 0
        }
    }
}
