/// Why a row, a migration or the spool did not do what was asked.
public struct RecordError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: Sendable, Equatable {
        /// The server could not be reached, or the connection broke. Whether a transaction was committed is not known.
        case databaseAway
        /// A standby, or a session that may only read: SQLSTATE 25006.
        case databaseReadOnly
        /// A table, column or function is not there: SQLSTATE 42P01, 42703, 42883, 3F000.
        case tableMissing
        /// SQLSTATE 42501.
        case permissionDenied
        /// The server refuses this value whenever it is sent: SQLSTATE classes 22 and 23.
        case rowRefused
        /// Anything that may go better next time: a time-out, a lock, a full disk, a deadline.
        case databaseBusy
        /// A migration's script failed; its transaction was rolled back.
        case migrationFailed
        /// A migration that was applied reads differently in this program.
        case migrationChanged
        /// The database has a migration that this program does not know.
        case migrationUnknown
        /// The spool's file cannot be opened, read or written.
        case spoolFailed
        /// A stored text is not the JSON it should be.
        case malformed
    }

    public let code: Code
    /// For people; holds no value of a row and no password.
    public let message: String
    /// The server's five characters, where the server said no.
    public let sqlState: String?

    public init(_ code: Code, _ message: String, sqlState: String? = nil) {
        self.code = code
        self.message = message
        self.sqlState = sqlState
    }

    public var description: String {
        sqlState.map { "\(message) (SQLSTATE \($0))" } ?? message
    }
}

extension RecordError.Code {
    /// What a SQLSTATE means for the writing of rows.
    /// Source: PostgreSQL manual, appendix A 'PostgreSQL Error Codes'.
    public init(sqlState: String) {
        switch sqlState {
        case "25006": self = .databaseReadOnly
        case "42P01", "42703", "42883", "3F000": self = .tableMissing
        case "42501": self = .permissionDenied
        // No slot, no log-in, not up yet, going down: no session at all.
        case "53300", "57P01", "57P02", "57P03", "57P04", "57P05", "25P03", "25P04": self = .databaseAway
        default:
            switch sqlState.prefix(2) {
            case "08", "28": self = .databaseAway
            case "22", "23": self = .rowRefused
            default: self = .databaseBusy
            }
        }
    }
}
