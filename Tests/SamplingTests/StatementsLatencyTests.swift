import Support
import Testing

@testable import Sampling

@Suite("Counters from statement totals")
struct StatementsLatencyTests {
    private let select: (StatementKey) -> StatementClass? = { _ in .application(.select) }

    @Test("The first reading sets the base and counts nothing")
    func first() {
        var server = SimulatedStatements()
        for _ in 0..<10 { server.execute(.number(1), milliseconds: 3) }
        var latencies = StatementLatencies()
        latencies.take(server.totals, epoch: server.epoch, class: select)
        #expect(latencies.histogram(of: .select).count == 0)
        #expect(latencies.window.meanSeconds == nil)
        server.execute(.number(1), milliseconds: 7)
        server.execute(.number(2), milliseconds: 5)
        latencies.take(server.totals, epoch: server.epoch, class: select)
        let histogram = latencies.histogram(of: .select)
        #expect(histogram.cumulative == [0, 0, 0, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2])
        #expect(abs(histogram.sum - 0.012) < 1e-12)
        #expect(abs((latencies.window.meanSeconds ?? 0) - 0.006) < 1e-12)
    }

    @Test("A value on a bound belongs to the bucket of that bound")
    func bounds() {
        for (place, bound) in LatencyHistogram.boundsSeconds.enumerated() {
            #expect(LatencyHistogram.bucket(of: bound) == place)
            #expect(LatencyHistogram.bucket(of: bound.nextUp) == place + 1)
        }
    }

    @Test("Growth waits for its class, and is counted whole then")
    func waiting() {
        var server = SimulatedStatements()
        var latencies = StatementLatencies()
        latencies.take([], epoch: server.epoch) { _ in nil }
        for _ in 0..<3 {
            server.execute(.number(1), milliseconds: 2)
            latencies.take(server.totals, epoch: server.epoch) { _ in nil }
        }
        #expect(latencies.waiting == [.number(1)])
        #expect(latencies.histogram(of: .update).count == 0)
        latencies.take(server.totals, epoch: server.epoch) { _ in .application(.update) }
        #expect(latencies.waiting.isEmpty)
        #expect(latencies.histogram(of: .update).count == 3)
    }

    @Test("Growth whose class never comes counts as other, at the latest when the statement goes")
    func neverClassified() {
        var server = SimulatedStatements()
        var latencies = StatementLatencies()
        latencies.take([], epoch: server.epoch) { _ in nil }
        server.execute(.number(1), milliseconds: 2)
        for _ in 0...StatementLatencies.waitingReadingsMax { latencies.take(server.totals, epoch: server.epoch) { _ in nil } }
        server.execute(.number(1), milliseconds: 2)
        latencies.take(server.totals, epoch: server.epoch) { _ in nil }
        server.evict(.number(1))
        latencies.take(server.totals, epoch: server.epoch) { _ in nil }
        #expect(latencies.histogram(of: .other).count == 2)
    }

    @Test("Vitals' own statements and those inside functions are not counted")
    func leftOut() {
        var server = SimulatedStatements()
        var latencies = StatementLatencies()
        latencies.take([], epoch: server.epoch, class: select)
        server.execute(.number(1), milliseconds: 2)
        server.execute(.number(2, isTopLevel: false), milliseconds: 2)
        latencies.take(server.totals, epoch: server.epoch) { $0 == .number(1) ? .own : .application(.select) }
        #expect(QueryType.allCases.allSatisfy { latencies.histogram(of: $0).count == 0 })
        #expect(latencies.window.calls == 0)
    }

    @Test("Another server's totals are a base, not a million new calls")
    func failover() {
        var server = SimulatedStatements()
        var other = SimulatedStatements()
        other.resetAt = 700
        for _ in 0..<1_000 { other.execute(.number(1), milliseconds: 1) }
        var latencies = StatementLatencies()
        server.execute(.number(1), milliseconds: 1)
        latencies.take(server.totals, epoch: server.epoch, class: select)
        latencies.take(other.totals, epoch: other.epoch, class: select)
        #expect(latencies.histogram(of: .select).count == 0)
        other.execute(.number(1), milliseconds: 1)
        latencies.take(other.totals, epoch: other.epoch, class: select)
        #expect(latencies.histogram(of: .select).count == 1)
    }

    @Test("Rows without a query id are taken together, and an eviction among them counts nothing twice")
    func unnamed() {
        let key = StatementKey(userID: 10, databaseID: 5, queryID: nil, isTopLevel: true)
        func row(_ calls: Int64, _ each: Double) -> StatementTotals {
            StatementTotals(
                key: key, calls: calls, totalMilliseconds: Double(calls) * each, minMilliseconds: each, maxMilliseconds: each,
                stddevMilliseconds: 0, rows: 0, statsSince: nil)
        }
        var latencies = StatementLatencies()
        let epoch = StatementEpoch(readAt: 10, resetAt: 1)
        latencies.take([row(10, 2), row(5, 20)], epoch: epoch) { _ in nil }
        latencies.take([row(12, 2), row(6, 20)], epoch: epoch) { _ in .application(.other) }
        #expect(latencies.histogram(of: .other).count == 3)
        #expect(abs(latencies.histogram(of: .other).sum - 0.024) < 1e-12)
        latencies.take([row(12, 2)], epoch: epoch) { _ in .application(.other) }
        #expect(latencies.histogram(of: .other).count == 3)
    }

    @Test("Rows that no server should send change nothing")
    func implausible() {
        func row(_ calls: Int64, _ total: Double) -> StatementTotals {
            StatementTotals(
                key: .number(1), calls: calls, totalMilliseconds: total, minMilliseconds: total, maxMilliseconds: total,
                stddevMilliseconds: 0, rows: 0, statsSince: nil)
        }
        var latencies = StatementLatencies()
        let epoch = StatementEpoch(readAt: 10, resetAt: 1)
        latencies.take([], epoch: epoch, class: select)
        latencies.take([row(-1, 1), row(1, .nan), row(1, .infinity), row(1, -1), row(.max, 1)], epoch: epoch, class: select)
        #expect(latencies.histogram(of: .select).count == 0)
        latencies.take([row(1, 0), row(7, 9)], epoch: epoch, class: select)
        #expect(latencies.histogram(of: .select).count == 1)
        #expect(latencies.histogram(of: .select).sum == 0)
    }

    @Test("Any moments are spread over just so many calls", arguments: UInt64(1)...500)
    func anyMoments(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        func value() -> Double {
            [0, 1e-12, 1e12, random.unit(), random.unit() * 1e-3, random.unit() * 1e6].randomElement(using: &random) ?? 0
        }
        var spread = LatencySpread()
        for _ in 0..<20 {
            let calls = Int64([1, 2, 3, 8, 1_000, 1 << 40].randomElement(using: &random) ?? 1)
            let low = value()
            let range = Bool.random(using: &random) ? low...(low + value()) : nil
            let limits = LatencyLimits(range: range, known: (0..<Int.random(in: 0...2, using: &random)).map { _ in value() })
            let moments = StatementMoments(calls: calls, sum: value() * Double(calls), squares: value() * Double(calls))
            let counts = spread.spread(moments, limits)
            #expect(counts.reduce(0, +) == UInt64(calls), "seed \(seed): \(moments), \(limits)")
        }
    }

    @Test(
        "Through evictions and resets counters never fall, and hold every call that a reading could see",
        arguments: UInt64(1)...120)
    func storms(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var server = SimulatedStatements()
        server.hasStatsSince = Bool.random(using: &random)
        if Bool.random(using: &random) { server.resetAt = nil }
        var latencies = StatementLatencies()
        latencies.take(server.totals, epoch: server.epoch, class: select)
        var calls: UInt64 = 0
        var seconds = 0.0
        var before = LatencyHistogram()
        for reading in 0..<40 {
            // Losses come before the calls, so that what a reading sees is all there was, and a row made anew is told by its calls.
            if random.unit() < 0.1 { server.reset() }
            for number in 0..<8 where random.unit() < 0.1 { server.evict(.number(Int64(number))) }
            latencies.take(server.totals, epoch: server.epoch, class: select)
            for number in 0..<Int64(8) where random.unit() < 0.6 {
                for _ in 0..<Int.random(in: 1...30, using: &random) {
                    let milliseconds = random.unit() * Double([0.1, 10, 20_000].randomElement(using: &random) ?? 1)
                    server.execute(.number(number), milliseconds: milliseconds)
                    calls += 1
                    seconds += milliseconds / 1000
                }
            }
            server.now += 15
            latencies.take(server.totals, epoch: server.epoch, class: select)
            let now = latencies.histogram(of: .select)
            #expect(now.count == calls, "seed \(seed), reading \(reading)")
            #expect(abs(now.sum - seconds) <= 1e-9 * max(1, seconds), "seed \(seed), reading \(reading)")
            #expect(zip(now.counts, before.counts).allSatisfy { $0 >= $1 } && now.sum >= before.sum, "seed \(seed)")
            #expect(now.cumulative.last == now.count && now.cumulative == now.cumulative.sorted(), "seed \(seed)")
            before = now
        }
    }

    @Test("Losses between readings make no counter fall and invent no call", arguments: UInt64(1)...120)
    func blindStorms(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var server = SimulatedStatements()
        server.hasStatsSince = Bool.random(using: &random)
        var latencies = StatementLatencies()
        latencies.take(server.totals, epoch: server.epoch, class: select)
        var calls: UInt64 = 0
        var before = LatencyHistogram()
        for _ in 0..<200 {
            let number = Int64.random(in: 0..<8, using: &random)
            switch random.unit() {
            case ..<0.02: server.reset()
            case ..<0.1: server.evict(.number(number))
            case ..<0.3:
                server.now += 15
                latencies.take(server.totals.shuffled(using: &random), epoch: server.epoch) {
                    random.unit() < 0.5 ? nil : .application($0.queryID == 3 ? .delete : .select)
                }
                let now = latencies.histogram(of: .select)
                #expect(zip(now.counts, before.counts).allSatisfy { $0 >= $1 } && now.sum >= before.sum, "seed \(seed)")
                before = now
            default:
                server.execute(.number(number), milliseconds: random.unit() * 100)
                calls += 1
            }
        }
        let counted = QueryType.allCases.reduce(UInt64(0)) { $0 + latencies.histogram(of: $1).count }
        #expect(counted <= calls, "seed \(seed)")
    }
}
