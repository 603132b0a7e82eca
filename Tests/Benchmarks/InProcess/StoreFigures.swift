import CMalloc
import Glibc
import MetricsModel
import SampleStore

/// What the store costs by itself: bytes of memory per sample, and time per sample taken.
struct StoreFigures {
    /// How the times of the samples lie.
    enum Timing: String, CaseIterable {
        case regular
        /// Each up to two milliseconds early or late, as a timer under load.
        case jittered
    }

    /// How the values move.
    enum Movement: String, CaseIterable {
        case constant
        /// An integer that goes a step up or down at every tenth sample: connections, sizes, states.
        case slow
        /// A counter that grows by an integer with every sample.
        case counter
        /// A reading with all its digits.
        case reading
    }

    struct Row {
        let timing: Timing
        let movement: Movement
        /// What the process took from the allocator, per sample.
        let allocatedBytes: Double
        /// What the store says that it holds, per sample.
        let accountedBytes: Double
        let appendsPerSecond: Double
    }

    let seriesCount: Int
    let sampleCount: Int
    /// Milliseconds between two samples of a series.
    let interval: Int64

    init(seriesCount: Int = 5_000, sampleCount: Int = 480, interval: Int64 = 15_000) {
        self.seriesCount = seriesCount
        self.sampleCount = sampleCount
        self.interval = interval
    }

    func run() -> [Row] {
        Timing.allCases.flatMap { timing in Movement.allCases.map { row(timing, $0) } }
    }

    static func report(_ figures: StoreFigures, _ rows: [Row]) {
        print("\nStore: \(figures.seriesCount) series of \(figures.sampleCount) samples, one each \(figures.interval) ms")
        print(columns("", ["bytes/sample", "accounted", "appends/s"]))
        for row in rows {
            print(
                columns(
                    "\(row.movement.rawValue), \(row.timing.rawValue)",
                    [fixed(row.allocatedBytes), fixed(row.accountedBytes), "\(Int(row.appendsPerSecond))"]))
        }
    }

    private func row(_ timing: Timing, _ movement: Movement) -> Row {
        var random = Noise(seed: 1)
        let families = self.families
        let before = allocatedBytes()
        let store = SampleStore(limits: StoreLimits(retention: .seconds(1_000_000), bytesMax: 4 << 30))
        let scope = store.scope(Labels(["job": "bench", "instance": "10.0.0.1:9187"]))
        var values = (0..<seriesCount).map { Double($0 % 97 + 1) }
        var spent = 0.0
        var held = allocatedBytes()
        for round in 0..<sampleCount {
            var time = 1_790_000_000_000 + Int64(round) * interval
            if timing == .jittered { time += Int64(random.next() % 5) - 2 }
            for place in values.indices { move(&values[place], movement, round, place, &random) }
            var families = families
            for (place, value) in values.enumerated() {
                families[place % families.count].points[place / families.count] = Point(
                    families[place % families.count].points[place / families.count].series, value)
            }
            let start = processSeconds()
            scope.append(families, at: time)
            spent += processSeconds() - start
            // The scope's own table of series is made with the first round, and is not the store's.
            if round == 0 { held = scopeBytes(families) }
        }
        let samples = Double(store.stats.samples)
        let allocated = Double(allocatedBytes() - before - held)
        return Row(
            timing: timing, movement: movement, allocatedBytes: allocated / samples,
            accountedBytes: Double(store.stats.bytes) / samples, appendsPerSecond: samples / spent)
    }

    private func move(_ value: inout Double, _ movement: Movement, _ round: Int, _ place: Int, _ random: inout Noise) {
        switch movement {
        case .constant: break
        case .slow: if (round + place) % 10 == 0 { value += random.next() % 2 == 0 ? 1 : -1 }
        case .counter: value += Double(random.next() % 100)
        case .reading: value += Double(random.next() % 1_000_000) / 1e7
        }
    }

    /// Series as an exporter has them: ten families, three labels of their own.
    private var families: [FamilySamples] {
        (0..<10).map { family in
            let name = "pg_stat_user_tables_figure_\(family)_total"
            let points = (0..<seriesCount / 10).map { place in
                let labels = Labels(["datname": "production", "schemaname": "public", "relname": "table_number_\(place)"])
                return Point(Series(name: name, labels: labels), 0)
            }
            return FamilySamples(Family(name, .counter, help: ""), points)
        }
    }

    /// What a second scope over the same series takes, in a store of its own: the difference of one and two is the table.
    private func scopeBytes(_ families: [FamilySamples]) -> Int {
        let store = SampleStore()
        let first = store.scope(Labels(["job": "bench", "instance": "10.0.0.1:9187"]))
        let second = store.scope(Labels(["job": "bench", "instance": "10.0.0.1:9187"]))
        first.append(families, at: 1)
        let before = allocatedBytes()
        second.append(families, at: 2)
        let after = allocatedBytes()
        return withExtendedLifetime((first, second)) { after - before }
    }
}

/// Bytes in use, as the allocator counts them.
func allocatedBytes() -> Int {
    let info = mallinfo2()
    return Int(info.uordblks + info.hblkhd)
}

/// The process' CPU time: wall time on a shared machine is noise.
func processSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// Numbers that are the same in every run (SplitMix64).
struct Noise {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}
