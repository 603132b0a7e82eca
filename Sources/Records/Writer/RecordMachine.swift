/// Decides what happens with the row of each interval. Pure: it is told what the sample and the database said, and when.
struct RecordMachine: Sendable {
    /// How long rows stay off before the table and the privileges are looked at again.
    static let recheckMilliseconds: Int64 = 5 * 60_000
    /// Rows of one INSERT: a few hundred kilobytes, a few milliseconds on the target's only session.
    static let rowsPerWrite = 100
    /// Writes of one interval: a week of minutes is written within two, and samples come in between.
    static let writesPerInterval = 60
    /// Rows of one DELETE.
    static let rowsPerPrune = 5_000
    /// Between looking for old rows, while there are none.
    static let pruneMilliseconds: Int64 = 10 * 60_000

    enum State: Equatable {
        /// Nothing is known about the table yet.
        case unknown
        case waiting(RecordWait)
        case off(RecordObstacle, recheckAt: Int64)
        case writing
    }

    enum Action: Equatable {
        /// Make no row.
        case skip
        /// Put the row into the spool, no more.
        case keep
        /// Put the row into the spool, then `kept`.
        case keepThenWrite
        /// Ask whether rows can be written, then `probed` or `probeFailed`.
        case probe
        /// Write so many rows from the spool's front, then `wrote` or `writeFailed`.
        case write(rowsMax: Int)
        /// Give up the spool's first row, then `dropped`.
        case drop
        /// Delete old rows, then `pruned` or `pruneFailed`.
        case prune(before: Int64, rowsMax: Int)
        /// Done until the next interval.
        case rest

        var needsDatabase: Bool {
            switch self {
            case .keepThenWrite, .probe, .write, .prune: true
            case .skip, .keep, .drop, .rest: false
            }
        }
    }

    private let retentionMilliseconds: Int64
    private(set) var state = State.unknown
    private var mayPrune = true
    private var pruneAt = Int64.min
    private var writesLeft = 0
    /// After a refusal rows go one at a time, so that the one at fault is found.
    private var rowsPerWrite = RecordMachine.rowsPerWrite
    /// Whether the last attempt of each kind failed, so that a lasting trouble is one event.
    private var isFailing = false
    private var isRefusing = false
    private var isPruneFailing = false
    private var now: Int64 = 0

    init(retentionMilliseconds: Int64) {
        self.retentionMilliseconds = retentionMilliseconds
    }

    /// An interval has begun; `isUp` is what its sample said.
    mutating func began(isUp: Bool, at time: Int64) -> (Action, RecordEvent?) {
        now = time
        writesLeft = RecordMachine.writesPerInterval
        rowsPerWrite = RecordMachine.rowsPerWrite
        switch state {
        case .off(_, let recheckAt): return (isUp && time >= recheckAt ? .probe : .skip, nil)
        case .writing: return isUp ? (.keepThenWrite, nil) : (.keep, wait(.databaseAway))
        case .unknown, .waiting: return isUp ? (.probe, nil) : (.keep, wait(.databaseAway))
        }
    }

    mutating func probed(_ access: RecordAccess) -> (Action, RecordEvent?) {
        switch access {
        case .full:
            state = .writing
            mayPrune = true
            return (.keepThenWrite, .writing)
        case .insertOnly:
            state = .writing
            defer { mayPrune = false }
            return (.keepThenWrite, mayPrune ? .retentionOff : .writing)
        case .tableMissing: return (.skip, off(.tableMissing))
        case .denied: return (.skip, off(.permissionDenied))
        case .readOnly: return (.keep, wait(.readOnly))
        }
    }

    mutating func probeFailed(_ error: RecordError) -> (Action, RecordEvent?) {
        (.keep, failure(error))
    }

    /// The row is in the spool, where `waiting` rows are now.
    mutating func kept(waiting: Int) -> (Action, RecordEvent?) {
        (nextWrite(waiting: waiting), nil)
    }

    /// The rows of a `write` are stored.
    mutating func wrote(waiting: Int) -> (Action, RecordEvent?) {
        let event: RecordEvent? = isFailing ? .writing : nil
        isFailing = false
        isRefusing = false
        return (nextWrite(waiting: waiting), event)
    }

    /// A `write` of `rows` rows failed.
    mutating func writeFailed(_ error: RecordError, rows: Int) -> (Action, RecordEvent?) {
        guard error.code == .rowRefused else { return (.rest, failure(error)) }
        if rows <= 1 {
            defer { isRefusing = true }
            return (.drop, isRefusing ? nil : .rowDropped(error))
        }
        rowsPerWrite = 1
        return (.write(rowsMax: 1), nil)
    }

    mutating func dropped(waiting: Int) -> (Action, RecordEvent?) {
        (nextWrite(waiting: waiting), nil)
    }

    mutating func pruned(rows: Int, asked: Int) -> (Action, RecordEvent?) {
        // A full batch: there are more, and the next interval takes them.
        pruneAt = rows < asked ? now + RecordMachine.pruneMilliseconds : now
        isPruneFailing = false
        return (.rest, nil)
    }

    mutating func pruneFailed(_ error: RecordError) -> (Action, RecordEvent?) {
        pruneAt = now + RecordMachine.pruneMilliseconds
        switch error.code {
        case .databaseAway, .databaseReadOnly, .tableMissing: return (.rest, failure(error))
        case .permissionDenied:
            mayPrune = false
            return (.rest, .retentionOff)
        case .rowRefused, .databaseBusy, .migrationFailed, .migrationChanged, .migrationUnknown, .spoolFailed, .malformed:
            defer { isPruneFailing = true }
            return (.rest, isPruneFailing ? nil : .pruneFailed(error))
        }
    }

    private mutating func nextWrite(waiting: Int) -> Action {
        if waiting > 0, writesLeft > 0 {
            writesLeft -= 1
            return .write(rowsMax: rowsPerWrite)
        }
        guard mayPrune, now >= pruneAt else { return .rest }
        return .prune(before: now - retentionMilliseconds, rowsMax: RecordMachine.rowsPerPrune)
    }

    private mutating func failure(_ error: RecordError) -> RecordEvent? {
        switch error.code {
        case .databaseAway: return wait(.databaseAway)
        case .databaseReadOnly: return wait(.readOnly)
        case .tableMissing: return off(.tableMissing)
        case .permissionDenied: return off(.permissionDenied)
        case .rowRefused, .databaseBusy, .migrationFailed, .migrationChanged, .migrationUnknown, .spoolFailed, .malformed:
            defer { isFailing = true }
            return isFailing ? nil : .failed(error)
        }
    }

    private mutating func wait(_ reason: RecordWait) -> RecordEvent? {
        let isNews = state != .waiting(reason)
        state = .waiting(reason)
        return isNews ? .waiting(reason) : nil
    }

    private mutating func off(_ obstacle: RecordObstacle) -> RecordEvent? {
        let isNews =
            switch state {
            case .off(let known, _): known != obstacle
            case .unknown, .waiting, .writing: true
            }
        state = .off(obstacle, recheckAt: now + RecordMachine.recheckMilliseconds)
        return isNews ? .off(obstacle) : nil
    }
}
