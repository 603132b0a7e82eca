public import Postgres
import Synchronization

/// The target's one kept session. It connects when it must, so whoever calls has seen in a sample that the server is there, or (a
/// migration) wants to know why not.
extension PostgresSession: RecordDatabase {
    public nonisolated func transaction<Value: Sendable>(
        _ patience: RecordPatience,
        _ body: @escaping @Sendable (any RecordTransaction) async throws(RecordError) -> Value
    ) async throws(RecordError) -> Value {
        let failure = Failure()
        do throws(PostgresError) {
            return try await transaction(by: .now + patience.deadline, limits: patience.limits) {
                (transaction) async throws(PostgresError) -> Value in
                failure.clear()
                do throws(RecordError) {
                    return try await body(SessionTransaction(transaction: transaction, failure: failure))
                } catch {
                    throw failure.of(error)
                }
            }
        } catch {
            throw failure.error ?? RecordError(error)
        }
    }
}

extension RecordPatience {
    fileprivate var deadline: Duration {
        switch self {
        case .glance: .seconds(3)
        case .brief: .seconds(15)
        case .patient: .seconds(900)
        }
    }

    fileprivate var limits: StatementLimits {
        switch self {
        case .glance: StatementLimits(statement: .seconds(1), lock: .milliseconds(200))
        case .brief: .standard
        case .patient: StatementLimits(statement: .seconds(600), lock: .seconds(60))
        }
    }
}

/// What went wrong in the body: in its own words for the caller, and in the server's for the session, which runs a deadlock again.
private final class Failure: Sendable {
    private let errors = Mutex<(record: RecordError?, postgres: PostgresError?)>((nil, nil))

    var error: RecordError? { errors.withLock { $0.record } }

    func clear() { errors.withLock { $0 = (nil, nil) } }

    func note(_ error: PostgresError) { errors.withLock { $0.postgres = error } }

    func of(_ error: RecordError) -> PostgresError {
        errors.withLock {
            $0.record = error
            return $0.postgres ?? PostgresError(.internal, error.message)
        }
    }
}

private struct SessionTransaction: RecordTransaction {
    let transaction: PostgresTransaction
    let failure: Failure

    func rows(_ sql: String, _ parameters: [String?]) async throws(RecordError) -> [[String?]] {
        do throws(PostgresError) {
            let answer = try await transaction.rows(sql, parameters)
            var rows: [[String?]] = []
            for row in answer {
                var values: [String?] = []
                for column in answer.columns.indices { values.append(try row.string(column)) }
                rows.append(values)
            }
            return rows
        } catch {
            failure.note(error)
            throw RecordError(error)
        }
    }
}

extension RecordError {
    /// What a failure of the session means for the records.
    public init(_ error: PostgresError) {
        if let sqlState = error.sqlState, error.code != .connection {
            self.init(Code(sqlState: sqlState), error.message, sqlState: sqlState)
            return
        }
        let code: Code =
            switch error.code {
            case .configuration, .connection, .authentication, .tooManyConnections, .startingUp: .databaseAway
            case .permissionDenied: .permissionDenied
            case .undefinedObject: .tableMissing
            case .readOnly: .databaseReadOnly
            case .constraintViolation, .unexpectedValue: .rowRefused
            case .timeout, .busy, .notFound, .serialization, .deadlock, .syntax, .internal: .databaseBusy
            }
        self.init(code, error.message, sqlState: error.sqlState)
    }
}
