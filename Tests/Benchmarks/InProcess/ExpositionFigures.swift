import CMalloc
import Exposition
import FoundationEssentials
import Glibc
import MetricsModel

/// What an exposition of thousands of tables costs by itself: one sample after the other, as gzip with what has not changed kept, beside the
/// text written line by line.
struct ExpositionFigures {
    struct Row {
        let name: String
        /// Of one sample, the median.
        let cpuMilliseconds: Double
        let bytes: Int
        /// What is held from one sample to the next.
        let heldMiB: Double
        /// The highest that resident memory rose to meanwhile.
        let peakMiB: Double
    }

    private static let rounds = 12
    let tables: Int

    var seriesCount: Int { tables * TableSource.familyCount }

    func run() -> [Row] {
        let source = TableSource(tables)
        var rows = [
            measure("text, line by line", source, share: 1, held: ()) { sample, _ in
                var out: [UInt8] = []
                sample.encode(.openMetrics, into: &out)
                return out.count
            }
        ]
        for (share, name) in [(0, "gzip, nothing changed"), (0.05, "gzip, 5 % changed"), (1, "gzip, everything changed")] {
            rows.append(
                measure(name, source, share: share, held: GzipRenderer()) { sample, renderer in
                    renderer.render(sample, .openMetrics)?.count ?? 0
                })
        }
        return rows
    }

    static func report(_ figures: ExpositionFigures, _ rows: [Row]) {
        print("\nExposition: \(figures.tables) tables, \(figures.seriesCount) series")
        print(columns("", ["CPU ms/scrape", "bytes", "held MiB", "peak MiB"]))
        for row in rows {
            print(columns(row.name, [fixed(row.cpuMilliseconds), "\(row.bytes)", fixed(row.heldMiB), fixed(row.peakMiB)]))
        }
    }

    private func measure<Held>(
        _ name: String, _ source: TableSource, share: Double, held: consuming Held, _ body: (SampleSet, inout Held) -> Int
    ) -> Row {
        var spent: [Double] = []
        var bytes = 0
        malloc_trim(0)
        let before = allocatedBytes()
        let resident = PeakMemory()
        // The samples themselves are there before.
        var sample = source.sample(0, share: share)
        bytes = body(sample, &held)
        for round in 1...Self.rounds {
            sample = source.sample(round, share: share)
            let start = processSeconds()
            bytes = body(sample, &held)
            spent.append((processSeconds() - start) * 1_000)
        }
        let peak = resident.grownBytes
        let own = source.valueBytes
        let after = withExtendedLifetime((sample, held)) { allocatedBytes() }
        return Row(
            name: name, cpuMilliseconds: spent.sorted()[spent.count / 2], bytes: bytes,
            heldMiB: Double(after - before - own) / 1_048_576, peakMiB: Double(peak) / 1_048_576)
    }
}

/// The statistics of a database's tables: families with one series for each.
struct TableSource {
    static let familyCount = 29
    private let rows: SeriesRows
    private let families: [Family]

    init(_ count: Int) {
        let labels = ["datname", "schemaname", "relname"]
        rows = SeriesRows(labelNames: labels, values: (1...count).map { ["bench", "public", "t\($0)"] })
        families = (0..<Self.familyCount).map {
            Family("pg_stat_user_tables_figure_\($0)_total", .counter, labels: labels, bulk: true, help: "A figure of a table.")
        }
    }

    /// What the values of one sample take.
    var valueBytes: Int { families.count * (rows.count * 8 + 32) }

    /// The sample of a round: in a share of the tables, spread over all, every figure has grown since the round before.
    func sample(_ round: Int, share: Double) -> SampleSet {
        let period = share > 0 ? Int((1 / share).rounded()) : rows.count + 1
        let samples = families.enumerated().map { number, family in
            let values = (0..<rows.count).map { row in
                let base = number % 3 == 0 ? 0 : Double(row % 97 * (number + 1))
                return (row + 1) % period == 0 ? base + Double(round * (number + 1)) : base
            }
            return FamilySamples(family, [], columns: [ValueColumn(rows, values)])
        }
        return SampleSet(timestamp: Int64(round), families: samples)
    }
}

/// The highest resident memory since it was made. Source: proc(5), clear_refs and VmHWM.
private struct PeakMemory {
    private let before: Int

    init() {
        if let file = fopen("/proc/self/clear_refs", "w") {
            fputs("5", file)
            fclose(file)
        }
        before = PeakMemory.bytes("VmRSS:")
    }

    var grownBytes: Int { PeakMemory.bytes("VmHWM:") - before }

    private static func bytes(_ field: String) -> Int {
        guard let data = FileManager.default.contents(atPath: "/proc/self/status") else { return 0 }
        for line in String(decoding: data, as: UTF8.self).split(separator: "\n") where line.hasPrefix(field) {
            return (line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) } ?? 0) * 1_024
        }
        return 0
    }
}
