/// A change worth one log line. The same state twice in a row is reported once.
public enum RecordEvent: Sendable, Equatable, CustomStringConvertible {
    /// Rows are made but cannot be written now.
    case waiting(RecordWait)
    /// Rows are not made: nothing could write them.
    case off(RecordObstacle)
    /// Rows are written again, after `waiting` or `off`.
    case writing
    /// Rows are written, but old ones are not deleted: the role may not.
    case retentionOff
    /// An attempt to write failed though the database is there; the rows wait for the next.
    case failed(RecordError)
    /// Old rows could not be deleted; the next attempt is ten minutes later.
    case pruneFailed(RecordError)
    /// The server refuses one row whatever is done; it was given up so that those behind it can go.
    case rowDropped(RecordError)
    /// The spool is full: its oldest row was given up for the newest.
    case spoolFull(rowsMax: Int)
    /// The storage path refuses the row: it was written to the table at once where possible, and is lost otherwise.
    case spoolFailed(RecordError)

    /// Whether a person should do something.
    public var isProblem: Bool {
        switch self {
        case .writing: false
        case .waiting, .off, .retentionOff, .failed, .pruneFailed, .rowDropped, .spoolFull, .spoolFailed: true
        }
    }

    public var description: String {
        switch self {
        case .waiting(.databaseAway): "system_health rows wait on disk until Postgres is back"
        case .waiting(.readOnly): "system_health rows wait on disk: the Postgres session is read-only (a standby?)"
        case .off(.tableMissing): "system_health rows are off: the table is not there; create it with `vitals migrate up`"
        case .off(.permissionDenied):
            "system_health rows are off: the role may not write; GRANT SELECT, INSERT, DELETE ON system_health to it, "
                + "or run `vitals migrate up` as the role that Vitals connects as"
        case .writing: "system_health rows are written"
        case .retentionOff:
            "system_health rows are written, but old ones are not deleted: GRANT DELETE ON system_health to the role"
        case .failed(let error): "system_health rows were not written, they wait for the next attempt: \(error)"
        case .pruneFailed(let error): "old system_health rows could not be deleted: \(error)"
        case .rowDropped(let error): "a system_health row was given up, the server refuses it: \(error)"
        case .spoolFull(let rowsMax): "\(rowsMax) system_health rows wait on disk, no more are kept: the oldest was given up"
        case .spoolFailed(let error): "a system_health row is not kept on disk: \(error)"
        }
    }
}

/// Why rows wait.
public enum RecordWait: Sendable, Equatable {
    case databaseAway
    case readOnly
}

/// Why rows are off.
public enum RecordObstacle: Sendable, Equatable {
    case tableMissing
    case permissionDenied
}
