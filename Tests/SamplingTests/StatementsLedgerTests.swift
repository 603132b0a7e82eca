import Support
import Testing

@testable import Sampling

/// A server, what counts it, and the truth.
private struct Counted {
    var server = SimulatedStatements()
    var latencies = StatementLatencies()
    var ledger: StatementLedger
    /// All that was executed since the first reading and seen by one.
    var truth = StatementSums.zero
    private var last: [StatementKey: StatementSums] = [:]

    init(top: Int) { ledger = StatementLedger(top: top) }

    mutating func execute(_ number: Int64, milliseconds: Double) {
        server.execute(.number(number), milliseconds: milliseconds)
        truth += StatementSums(
            calls: 1, milliseconds: milliseconds, rows: 3, readMilliseconds: milliseconds / 4, writeMilliseconds: milliseconds / 8
        )
    }

    /// Takes a reading; returns the series that fell, and those that vanished without leaving their value to the others.
    mutating func read(class classOf: (StatementKey) -> StatementClass? = { _ in .application(.select) }) -> [String] {
        server.now += 15
        let othersBefore = ledger.others
        latencies.take(server.totals, epoch: server.epoch, class: classOf)
        ledger.take(server.totals, growths: latencies.growths, isAnew: latencies.isAnew, class: classOf)
        var wrong: [String] = []
        let now = Dictionary(uniqueKeysWithValues: ledger.shown.map { ($0.key, $0.sums) })
        for (key, sums) in last {
            guard let new = now[key] else { continue }
            if !new.isAtLeast(sums) { wrong.append("\(key) fell from \(sums) to \(new)") }
        }
        for (owner, sums) in othersBefore {
            guard let new = ledger.others[owner], new.isAtLeast(sums) else {
                wrong.append("the others fell")
                continue
            }
        }
        last = now
        return wrong
    }

    /// All series together.
    var sum: StatementSums {
        var sum = StatementSums.zero
        for shown in ledger.shown { sum += shown.sums }
        for other in ledger.others.values { sum += other }
        return sum
    }
}

extension StatementSums {
    fileprivate func isAtLeast(_ earlier: StatementSums) -> Bool {
        calls >= earlier.calls && milliseconds >= earlier.milliseconds && rows >= earlier.rows
            && readMilliseconds >= earlier.readMilliseconds && writeMilliseconds >= earlier.writeMilliseconds
    }

    fileprivate func isNear(_ other: StatementSums) -> Bool {
        func near(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-9 * max(1, abs(a)) }
        return calls == other.calls && rows == other.rows && near(milliseconds, other.milliseconds)
            && near(readMilliseconds, other.readMilliseconds) && near(writeMilliseconds, other.writeMilliseconds)
    }
}

@Suite("Counters of the top statements and of all others")
struct StatementsLedgerTests {
    private let owner = StatementOwner(userID: 10, databaseID: 5)

    @Test("A shown statement has the server's own values, the others what they did since the first reading")
    func values() {
        var counted = Counted(top: 1)
        for _ in 0..<10 { counted.execute(1, milliseconds: 5) }
        for _ in 0..<9 { counted.execute(2, milliseconds: 1) }
        #expect(counted.read().isEmpty)
        #expect(counted.ledger.shown.map(\.key) == [.number(1)])
        #expect(counted.ledger.shown.first?.sums.calls == 10)
        counted.execute(1, milliseconds: 5)
        counted.execute(2, milliseconds: 1)
        #expect(counted.read().isEmpty)
        #expect(counted.ledger.shown.first?.sums.calls == 11)
        #expect(counted.ledger.others[owner]?.calls == 1)
    }

    @Test("A new statement that is shown at once has all its calls, none of them among the others")
    func new() {
        var counted = Counted(top: 2)
        _ = counted.read()
        for _ in 0..<3 { counted.execute(1, milliseconds: 5) }
        #expect(counted.read().isEmpty)
        #expect(counted.ledger.shown.map(\.sums.calls) == [3])
        #expect(counted.ledger.others[owner] == nil)
    }

    @Test("A statement that comes to be shown late starts without what the others have of it")
    func late() {
        var counted = Counted(top: 1)
        for _ in 0..<50 { counted.execute(1, milliseconds: 100) }
        for _ in 0..<4 { counted.execute(2, milliseconds: 1) }
        _ = counted.read()
        for _ in 0..<10 { counted.execute(2, milliseconds: 1) }
        _ = counted.read()
        #expect(counted.ledger.others[owner]?.calls == 10)
        for _ in 0..<60 { counted.execute(2, milliseconds: 1) }
        #expect(counted.read().isEmpty)
        // 74 calls, 70 of which are counted among the others: by now, and never again.
        #expect(counted.ledger.shown.map(\.sums.calls) == [50, 4])
        #expect(counted.ledger.others[owner]?.calls == 70)
        counted.execute(2, milliseconds: 1)
        _ = counted.read()
        #expect(counted.ledger.shown.map(\.sums.calls) == [50, 5])
    }

    @Test("evicted => it stays with its values => executed again => it goes on from them")
    func evicted() {
        var counted = Counted(top: 1)
        for _ in 0..<5 { counted.execute(1, milliseconds: 5) }
        _ = counted.read()
        counted.server.evict(.number(1))
        #expect(counted.read().isEmpty)
        #expect(counted.ledger.shown.map(\.sums.calls) == [5])
        for _ in 0..<2 { counted.execute(1, milliseconds: 5) }
        #expect(counted.read().isEmpty)
        #expect(counted.ledger.shown.map(\.sums.calls) == [7])
    }

    @Test("When places are needed the statement with the least time leaves, and its values go to the others")
    func leaves() {
        var counted = Counted(top: 1)
        _ = counted.read()
        for number in 0..<Int64(6) {
            counted.execute(number, milliseconds: Double(1 + number))
            #expect(counted.read().isEmpty)
        }
        #expect(counted.ledger.shown.map(\.key) == [0, 3, 4, 5].map { .number($0) } || counted.ledger.shown.count == 4)
        #expect(counted.ledger.others[owner]?.calls == 2)
        #expect(counted.sum.isNear(counted.truth))
    }

    @Test("Another server's totals are nobody's calls")
    func failover() {
        var counted = Counted(top: 1)
        for _ in 0..<5 { counted.execute(1, milliseconds: 5) }
        _ = counted.read()
        var other = Counted(top: 1)
        for _ in 0..<500 { other.execute(1, milliseconds: 5) }
        other.server.resetAt = 100
        counted.server = other.server
        #expect(counted.read().isEmpty)
        #expect(counted.ledger.shown.map(\.sums.calls) == [5])
        counted.execute(1, milliseconds: 5)
        #expect(counted.read().isEmpty)
        #expect(counted.ledger.shown.map(\.sums.calls) == [6])
    }

    @Test("Vitals' own statements and those not known yet are neither shown nor among the others")
    func own() {
        var counted = Counted(top: 2)
        let classOf: (StatementKey) -> StatementClass? = {
            $0 == .number(1) ? .own : $0 == .number(2) ? nil : .application(.select)
        }
        _ = counted.read(class: classOf)
        for number in Int64(1)...3 { counted.execute(number, milliseconds: 5) }
        _ = counted.read(class: classOf)
        #expect(counted.ledger.shown.map(\.key) == [.number(3)])
        #expect(counted.ledger.others.isEmpty)
    }

    @Test("Owners beyond the limit are counted together, and nothing of theirs is lost")
    func owners() {
        var ledger = StatementLedger(top: 0)
        for number in 0..<UInt32(StatementLedger.ownersMax + 50) {
            let key = StatementKey(userID: 10, databaseID: number + 1, queryID: 1, isTopLevel: true)
            ledger.take(
                [], growths: [StatementGrowth(key: key, sums: StatementSums(calls: 2), isWholeRow: true)], isAnew: false
            ) { _ in .application(.select) }
        }
        #expect(ledger.others.count == StatementLedger.ownersMax + 1)
        #expect(ledger.others[StatementLedger.everyoneElse]?.calls == 100)
    }

    @Test(
        "Through calls, evictions and resets no counter falls, and all of them together are what was executed",
        arguments: UInt64(1)...150)
    func storms(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var counted = Counted(top: Int.random(in: 0...3, using: &random))
        counted.server.hasStatsSince = Bool.random(using: &random)
        if Bool.random(using: &random) { counted.server.resetAt = nil }
        _ = counted.read()
        for reading in 0..<40 {
            // Losses come before a reading and calls after it, so that what a reading sees is all there was.
            if random.unit() < 0.08 { counted.server.reset() }
            for number in 0..<Int64(20) where random.unit() < 0.08 { counted.server.evict(.number(number)) }
            let wrong = counted.read()
            #expect(wrong.isEmpty, "seed \(seed), reading \(reading)")
            for number in 0..<Int64(20) where random.unit() < 0.4 {
                let scale = pow10(Int.random(in: -1...4, using: &random))
                for _ in 0..<Int.random(in: 1...20, using: &random) {
                    counted.execute(number, milliseconds: random.unit() * scale)
                }
            }
            let more = counted.read()
            #expect(more.isEmpty, "seed \(seed), reading \(reading)")
            #expect(counted.sum.isNear(counted.truth), "seed \(seed), reading \(reading): \(counted.sum), \(counted.truth)")
            #expect(counted.ledger.shown.count <= counted.ledger.shownMax, "seed \(seed)")
        }
    }

    @Test("What is lost between readings is only lost: no counter falls or invents a call", arguments: UInt64(1)...150)
    func blindStorms(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var counted = Counted(top: 2)
        counted.server.hasStatsSince = Bool.random(using: &random)
        var known: Set<StatementKey> = []
        _ = counted.read()
        for _ in 0..<300 {
            let number = Int64.random(in: 0..<20, using: &random)
            switch random.unit() {
            case ..<0.02: counted.server.reset()
            case ..<0.1: counted.server.evict(.number(number))
            case ..<0.3:
                // A text comes some readings after its statement.
                for number in 0..<Int64(20) where random.unit() < 0.3 { known.insert(.number(number)) }
                let wrong = counted.read { known.contains($0) ? .application(.select) : nil }
                #expect(wrong.isEmpty, "seed \(seed)")
                #expect(counted.sum.calls <= counted.truth.calls, "seed \(seed)")
            default: counted.execute(number, milliseconds: random.unit() * 100)
            }
        }
    }

    private func pow10(_ exponent: Int) -> Double {
        (0..<abs(exponent)).reduce(1.0) { power, _ in exponent < 0 ? power / 10 : power * 10 }
    }
}
