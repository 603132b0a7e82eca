import Support
import Testing

@testable import Records

@Suite struct RecordMachineTests {
    private static let minute: Int64 = 60_000
    private static let away = RecordError(.databaseAway, "gone")
    private static let busy = RecordError(.databaseBusy, "locked")
    private static let refused = RecordError(.rowRefused, "check")
    private typealias Action = RecordMachine.Action

    private func machine(_ steps: (inout RecordMachine) -> Void = { _ in }) -> RecordMachine {
        var machine = RecordMachine(retentionMilliseconds: 1_000)
        steps(&machine)
        return machine
    }

    private func writing() -> RecordMachine {
        machine {
            _ = $0.began(isUp: true, at: 0)
            _ = $0.probed(.full)
        }
    }

    private func expect(
        _ step: (Action, RecordEvent?), _ action: Action, _ event: RecordEvent? = nil, at line: SourceLocation = #_sourceLocation
    ) {
        #expect(step.0 == action, sourceLocation: line)
        #expect(step.1 == event, sourceLocation: line)
    }

    @Test("unknown => probe => writing => prune => rest")
    func firstInterval() {
        var machine = machine()
        expect(machine.began(isUp: true, at: 5_000), .probe)
        expect(machine.probed(.full), .keepThenWrite, .writing)
        expect(machine.kept(waiting: 1), .write(rowsMax: RecordMachine.rowsPerWrite))
        expect(machine.wrote(waiting: 0), .prune(before: 4_000, rowsMax: RecordMachine.rowsPerPrune))
        expect(machine.pruned(rows: 0, asked: RecordMachine.rowsPerPrune), .rest)
        expect(machine.began(isUp: true, at: 65_000), .keepThenWrite)
        expect(machine.kept(waiting: 1), .write(rowsMax: RecordMachine.rowsPerWrite))
        expect(machine.wrote(waiting: 0), .rest)
    }

    @Test("writing => away (said once) => probe => writing")
    func outage() {
        var machine = writing()
        expect(machine.began(isUp: false, at: 1), .keep, .waiting(.databaseAway))
        expect(machine.began(isUp: false, at: 2), .keep)
        expect(machine.began(isUp: true, at: 3), .probe)
        expect(machine.probeFailed(RecordMachineTests.away), .keep)
        expect(machine.began(isUp: true, at: 4), .probe)
        expect(machine.probed(.full), .keepThenWrite, .writing)
    }

    @Test("writing => lost in a write => waiting")
    func lostInWrite() {
        var machine = writing()
        _ = machine.began(isUp: true, at: 1)
        _ = machine.kept(waiting: 4)
        expect(machine.writeFailed(RecordMachineTests.away, rows: 4), .rest, .waiting(.databaseAway))
        expect(machine.began(isUp: true, at: 2), .probe)
    }

    @Test("table missing => off (said once, no rows) => looked at again after five minutes => writing")
    func off() {
        var machine = machine()
        _ = machine.began(isUp: true, at: 0)
        expect(machine.probed(.tableMissing), .skip, .off(.tableMissing))
        expect(machine.began(isUp: true, at: RecordMachineTests.minute), .skip)
        expect(machine.began(isUp: false, at: 2 * RecordMachineTests.minute), .skip)
        expect(machine.began(isUp: true, at: RecordMachine.recheckMilliseconds), .probe)
        expect(machine.probed(.tableMissing), .skip)
        expect(machine.began(isUp: true, at: 2 * RecordMachine.recheckMilliseconds), .probe)
        expect(machine.probed(.denied), .skip, .off(.permissionDenied))
        expect(machine.began(isUp: true, at: 3 * RecordMachine.recheckMilliseconds), .probe)
        expect(machine.probed(.full), .keepThenWrite, .writing)
    }

    @Test("A standby lets rows wait, and is asked each interval")
    func readOnly() {
        var machine = machine()
        _ = machine.began(isUp: true, at: 0)
        expect(machine.probed(.readOnly), .keep, .waiting(.readOnly))
        expect(machine.began(isUp: true, at: 1), .probe)
        expect(machine.probed(.readOnly), .keep)
        expect(machine.began(isUp: true, at: 2), .probe)
        expect(machine.probed(.full), .keepThenWrite, .writing)
    }

    @Test("A lasting failure is said once, and its end too")
    func failing() {
        var machine = writing()
        for interval in 1...3 {
            _ = machine.began(isUp: true, at: Int64(interval))
            _ = machine.kept(waiting: interval)
            expect(
                machine.writeFailed(RecordMachineTests.busy, rows: 1), .rest,
                interval == 1 ? .failed(RecordMachineTests.busy) : nil)
        }
        _ = machine.began(isUp: true, at: 4)
        _ = machine.kept(waiting: 4)
        #expect(machine.wrote(waiting: 0).1 == .writing)
    }

    @Test("A refused batch goes row by row; the row at fault is given up, the others are written")
    func refusal() {
        var machine = writing()
        _ = machine.began(isUp: true, at: 1)
        _ = machine.kept(waiting: 3)
        expect(machine.writeFailed(RecordMachineTests.refused, rows: 3), .write(rowsMax: 1))
        expect(machine.writeFailed(RecordMachineTests.refused, rows: 1), .drop, .rowDropped(RecordMachineTests.refused))
        expect(machine.dropped(waiting: 2), .write(rowsMax: 1))
        expect(machine.wrote(waiting: 1), .write(rowsMax: 1))
        expect(machine.writeFailed(RecordMachineTests.refused, rows: 1), .drop, .rowDropped(RecordMachineTests.refused))
        expect(machine.dropped(waiting: 0), .prune(before: -999, rowsMax: RecordMachine.rowsPerPrune))
    }

    @Test("A role that may not delete writes rows all the same")
    func insertOnly() {
        var machine = machine()
        _ = machine.began(isUp: true, at: 0)
        expect(machine.probed(.insertOnly), .keepThenWrite, .retentionOff)
        _ = machine.kept(waiting: 1)
        expect(machine.wrote(waiting: 0), .rest)
    }

    @Test("A full batch of deletions is followed by another in the next interval, an empty one by a pause")
    func retention() {
        var machine = writing()
        _ = machine.began(isUp: true, at: 10)
        #expect(machine.kept(waiting: 0).0 == .prune(before: -990, rowsMax: RecordMachine.rowsPerPrune))
        _ = machine.pruned(rows: RecordMachine.rowsPerPrune, asked: RecordMachine.rowsPerPrune)
        _ = machine.began(isUp: true, at: 20)
        #expect(machine.kept(waiting: 0).0 == .prune(before: -980, rowsMax: RecordMachine.rowsPerPrune))
        _ = machine.pruned(rows: 3, asked: RecordMachine.rowsPerPrune)
        _ = machine.began(isUp: true, at: 30)
        #expect(machine.kept(waiting: 0).0 == .rest)
        _ = machine.began(isUp: true, at: 20 + RecordMachine.pruneMilliseconds)
        #expect(
            machine.kept(waiting: 0).0
                == .prune(before: 19_020 + RecordMachine.pruneMilliseconds - 20_000, rowsMax: RecordMachine.rowsPerPrune))
    }

    @Test(
        "Whatever happens an interval ends, nothing is written while the sample says down, and no event comes twice running",
        arguments: 0..<200 as Range<UInt64>)
    func walks(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var machine = machine()
        var lastEvent: RecordEvent?
        let codes: [RecordError.Code] = [
            .databaseAway, .databaseReadOnly, .tableMissing, .permissionDenied, .rowRefused, .databaseBusy, .malformed,
            .spoolFailed,
        ]
        let accesses: [RecordAccess] = [.full, .insertOnly, .denied, .tableMissing, .readOnly]
        var waiting = 0
        for interval in 0..<40 {
            let isUp = !generator.chance(3)
            var (action, event) = machine.began(isUp: isUp, at: Int64(interval) * RecordMachineTests.minute)
            var steps = 0
            loop: while true {
                if let event {
                    if event != .retentionOff, event != .writing, !"\(event)".contains("given up") {
                        #expect(event != lastEvent, "seed \(seed)")
                    }
                    lastEvent = event
                }
                steps += 1
                #expect(steps < 3 * RecordMachine.writesPerInterval, "seed \(seed)")
                if steps > 500 { return }
                let error = RecordError(codes[generator.below(codes.count)], "x")
                switch action {
                case .skip, .rest: break loop
                case .keep:
                    waiting += 1
                    break loop
                case .keepThenWrite:
                    #expect(isUp, "seed \(seed)")
                    waiting += 1
                    (action, event) = machine.kept(waiting: waiting)
                case .probe:
                    #expect(isUp, "seed \(seed)")
                    (action, event) =
                        generator.chance(3) ? machine.probeFailed(error) : machine.probed(accesses[generator.below(5)])
                case .write(let rowsMax):
                    #expect(isUp, "seed \(seed)")
                    let rows = min(rowsMax, waiting)
                    if generator.chance(2) {
                        (action, event) = machine.writeFailed(error, rows: rows)
                    } else {
                        waiting -= rows
                        (action, event) = machine.wrote(waiting: waiting)
                    }
                case .drop:
                    waiting -= 1
                    (action, event) = machine.dropped(waiting: waiting)
                case .prune(_, let rowsMax):
                    #expect(isUp, "seed \(seed)")
                    (action, event) =
                        generator.chance(2)
                        ? machine.pruneFailed(error) : machine.pruned(rows: generator.below(2) * rowsMax, asked: rowsMax)
                }
            }
        }
    }
}
