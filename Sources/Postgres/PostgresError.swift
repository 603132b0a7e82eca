/// Why Postgres, or the way to it, gave no answer. Never holds a password, nor the text of a query.
public struct PostgresError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What a caller can act on.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The connection string cannot be used as it is.
        case configuration
        /// No connection: refused, lost, ended by the server, host name unknown.
        case connection
        /// Wrong password, unknown role, no pg_hba.conf entry.
        case authentication
        /// The server, the database or the role has no free slot.
        case tooManyConnections
        /// The server starts, stops or recovers and takes nobody yet.
        case startingUp
        case permissionDenied
        /// A database, schema, table, column, function or prepared statement does not exist.
        case undefinedObject
        /// A time limit of the server's, or the caller's deadline.
        case timeout
        /// An earlier answer or connection attempt is still awaited; nothing was sent.
        case busy
        case constraintViolation
        case notFound
        case serialization
        case deadlock
        case readOnly
        case syntax
        /// A value is not of the type asked for, or a row has no such column.
        case unexpectedValue
        case `internal`
    }

    public let code: Code
    /// The five characters of appendix A of the Postgres manual; nil when the error did not come from the server.
    public let sqlState: String?
    /// One line for a human.
    public let message: String

    public init(_ code: Code, _ message: String, sqlState: String? = nil) {
        self.code = code
        self.sqlState = sqlState
        self.message = message
    }

    /// An error that the server reported, classed by its SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html).
    public init(sqlState: String, message: String) {
        self.init(PostgresError.code(sqlState: sqlState), message, sqlState: sqlState)
    }

    public var description: String {
        sqlState.map { "\(message) (SQLSTATE \($0))" } ?? message
    }

    /// The same transaction, run again, can succeed (catalogue K3).
    public var isRetriable: Bool { code == .serialization || code == .deadlock }

    static func code(sqlState: String) -> Code {
        switch sqlState {
        case "53300": return .tooManyConnections
        case "57P03": return .startingUp
        case "57P01", "57P02", "57P04", "57P05", "25P03", "25P04": return .connection
        case "57014", "55P03": return .timeout
        case "42501": return .permissionDenied
        case "40001": return .serialization
        case "40P01": return .deadlock
        case "25006": return .readOnly
        case "02000", "P0002": return .notFound
        case "3D000", "3F000", "26000", "42P01", "42703", "42883", "42704", "42P02": return .undefinedObject
        default: break
        }
        switch sqlState.prefix(2) {
        case "08": return .connection
        case "22": return .unexpectedValue
        case "23": return .constraintViolation
        case "28": return .authentication
        case "40": return .serialization
        case "42": return .syntax
        default: return .internal
        }
    }
}
