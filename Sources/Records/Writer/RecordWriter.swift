import Synchronization

/// Makes a row of `system_health` per interval and brings it to the database, over any outage and restart: into the spool first,
/// from there into the table in order.
///
/// It never connects and never touches the database while the sample says that it is away.
public actor RecordWriter {
    private let database: any RecordDatabase
    private let configuration: RecordConfiguration
    private let time: RecordTime
    private let read: @Sendable () async -> HealthReading
    private let report: @Sendable (RecordEvent) -> Void
    private var spool: RecordSpool
    private var machine: RecordMachine
    private var auditErrors = AuditErrors()
    private let shared: Mutex<RecordNumbers>
    private var isSpoolFull = false
    private var isSpoolFailing = false

    /// - Parameters:
    ///   - read: gives the newest sample's families; may take one, and never throws: a target that is away is a reading too.
    ///   - report: takes the changes of state, for the log.
    public init(
        database: any RecordDatabase, spool: consuming RecordSpool, configuration: RecordConfiguration, time: RecordTime,
        read: @escaping @Sendable () async -> HealthReading, report: @escaping @Sendable (RecordEvent) -> Void
    ) {
        var numbers = RecordNumbers()
        numbers.spooled = spool.count
        numbers.dropped = UInt64(spool.damagedLines)
        self.database = database
        self.configuration = configuration
        self.time = time
        self.read = read
        self.report = report
        self.spool = spool
        machine = RecordMachine(retentionMilliseconds: configuration.retentionMilliseconds)
        shared = Mutex(numbers)
    }

    /// For the metrics; costs a lock.
    public nonisolated var numbers: RecordNumbers { shared.withLock { $0 } }

    /// A row per interval, at multiples of it, until the task is cancelled. A row that is not in the table by then is in the spool,
    /// and goes at the next start.
    public func run() async {
        while !Task.isCancelled {
            let interval = configuration.intervalMilliseconds
            let now = time.now()
            let next = (now / interval + 1) * interval
            do {
                try await time.sleep(.milliseconds(next - now))
            } catch {
                return
            }
            await tick()
        }
    }

    /// The work of one interval. Not to be called while it runs or beside `run`.
    func tick() async {
        let reading = await read()
        var (action, event) = machine.began(isUp: reading.isDatabaseUp, at: time.now())
        while true {
            if let event { report(event) }
            // Cancellation is not failure: what is not written waits.
            if Task.isCancelled, action.needsDatabase { action = action == .probe || action == .keepThenWrite ? .keep : .rest }
            switch action {
            case .skip, .rest:
                publish()
                return
            case .keep:
                if keep(SystemHealthRow(reading)) != nil { shared.withLock { $0.dropped += 1 } }
                publish()
                return
            case .keepThenWrite:
                var row = SystemHealthRow(reading)
                if row.errorsLastHour == nil, auditErrors.isDue(at: time.now()) {
                    row.errorsLastHour = await AuditErrors.read(from: database)
                    auditErrors.observed(row.errorsLastHour, at: time.now())
                }
                if let refused = keep(row) { await writeAtOnce(refused) }
                (action, event) = machine.kept(waiting: spool.count)
            case .probe:
                (action, event) = await probe()
            case .write(let rowsMax):
                (action, event) = await write(rowsMax)
            case .drop:
                (action, event) = drop()
            case .prune(let before, let rowsMax):
                (action, event) = await prune(before: before, rowsMax: rowsMax)
            }
        }
    }

    private func publish() {
        let waiting = spool.count
        shared.withLock { $0.spooled = waiting }
    }

    /// Puts the row into the spool; gives it back when the disk refuses it.
    private func keep(_ row: SystemHealthRow) -> SystemHealthRow? {
        do throws(RecordError) {
            let gone = try spool.append(row)
            if gone > 0 {
                shared.withLock { $0.dropped += UInt64(gone) }
                if !isSpoolFull { report(.spoolFull(rowsMax: spool.rowsMax)) }
            }
            isSpoolFull = gone > 0
            isSpoolFailing = false
            return nil
        } catch {
            if !isSpoolFailing { report(.spoolFailed(error)) }
            isSpoolFailing = true
            return row
        }
    }

    /// Writes a row that the disk refused. Out of order behind rows that wait, which is better than not at all.
    private func writeAtOnce(_ row: SystemHealthRow) async {
        do throws(RecordError) {
            let new = try await database.insert([row.json.text])
            wrote(new)
        } catch {
            shared.withLock {
                $0.failed += 1
                $0.dropped += 1
            }
        }
    }

    private func wrote(_ new: Int) {
        let now = time.now()
        shared.withLock {
            $0.written += UInt64(new)
            $0.lastWrite = now
        }
    }

    private func probe() async -> (RecordMachine.Action, RecordEvent?) {
        do {
            return machine.probed(try await database.probe())
        } catch {
            if Task.isCancelled { return (.keep, nil) }
            shared.withLock { $0.failed += 1 }
            return machine.probeFailed(error)
        }
    }

    private func write(_ rowsMax: Int) async -> (RecordMachine.Action, RecordEvent?) {
        var rows: [RecordSpool.Row] = []
        do throws(RecordError) {
            let damaged = spool.damagedLines
            rows = try spool.first(rowsMax)
            let lost = UInt64(spool.damagedLines - damaged)
            if lost > 0 { shared.withLock { $0.dropped += lost } }
            guard let last = rows.last else { return machine.wrote(waiting: spool.count) }
            let new = try await database.insert(rows.map(\.json))
            wrote(new)
            try spool.acknowledge(through: last.sequence)
            return machine.wrote(waiting: spool.count)
        } catch {
            if Task.isCancelled { return (.rest, nil) }
            shared.withLock { $0.failed += 1 }
            return machine.writeFailed(error, rows: rows.count)
        }
    }

    private func drop() -> (RecordMachine.Action, RecordEvent?) {
        do throws(RecordError) {
            if let row = try spool.first(1).first { try spool.acknowledge(through: row.sequence) }
            shared.withLock { $0.dropped += 1 }
            return machine.dropped(waiting: spool.count)
        } catch {
            return machine.writeFailed(error, rows: 0)
        }
    }

    private func prune(before: Int64, rowsMax: Int) async -> (RecordMachine.Action, RecordEvent?) {
        do throws(RecordError) {
            let gone = try await database.prune(
                before: before, retentionMilliseconds: configuration.retentionMilliseconds, rowsMax: rowsMax)
            shared.withLock { $0.pruned += UInt64(gone) }
            return machine.pruned(rows: gone, asked: rowsMax)
        } catch {
            if Task.isCancelled { return (.rest, nil) }
            return machine.pruneFailed(error)
        }
    }
}

/// The clock on the wall, handed in: the executable's own, or a test's.
public struct RecordTime: Sendable {
    /// Milliseconds since the Unix epoch.
    public let now: @Sendable () -> Int64
    /// Returns after the duration; throws when the task is cancelled.
    public let sleep: @Sendable (Duration) async throws -> Void

    public init(now: @escaping @Sendable () -> Int64, sleep: @escaping @Sendable (Duration) async throws -> Void) {
        self.now = now
        self.sleep = sleep
    }
}
