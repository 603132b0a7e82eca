internal import CLibPQ
internal import Glibc

/// A `PGconn`. Whoever holds it serialises its use; it ends with the object. Nothing here blocks.
@safe final class Handle {
    private let connection: OpaquePointer

    enum Progress {
        case read, write, done, failed
    }

    enum Kind {
        case empty, rows, error, aborted, sync, copy
    }

    /// One `PGresult`.
    struct Answer {
        let kind: Kind
        let rows: Rows
        let error: PostgresError?
    }

    /// Begins to connect; PQconnectPoll goes on. Nil when libpq has no memory.
    init?(_ parameters: [(String, String)]) {
        let keywords = CStrings(parameters.map { $0.0 })
        let values = CStrings(parameters.map { $0.1 })
        let started = unsafe keywords.withTerminatedPointers { keywords in
            unsafe values.withTerminatedPointers { values in unsafe PQconnectStartParams(keywords, values, 0) }
        }
        guard let started = unsafe started else { return nil }
        unsafe connection = started
        // libpq's default writes notices to standard error.
        unsafe PQsetNoticeProcessor(connection, { _, _ in }, nil)
        // The only way to learn the SQLSTATE of a refused connection is its verbose text.
        unsafe _ = PQsetErrorVerbosity(connection, PQERRORS_VERBOSE)
    }

    deinit { unsafe PQfinish(connection) }

    var descriptor: Int32 { unsafe PQsocket(connection) }
    var isBroken: Bool { unsafe PQstatus(connection) == CONNECTION_BAD }
    var serverVersion: Int { Int(unsafe PQserverVersion(connection)) }
    var isInTransaction: Bool { unsafe PQtransactionStatus(connection) != PQTRANS_IDLE }
    var isInFailedTransaction: Bool { unsafe PQtransactionStatus(connection) == PQTRANS_INERROR }

    /// What libpq says went wrong: raw, may hold anything.
    var message: String { unsafe String(cString: PQerrorMessage(connection)) }

    /// The password in use, for its removal from texts.
    var password: String { unsafe PQpass(connection).map { unsafe String(cString: $0) } ?? "" }

    func parameter(_ name: String) -> String? {
        unsafe PQparameterStatus(connection, name).map { unsafe String(cString: $0) }
    }

    func advance() -> Progress {
        switch unsafe PQconnectPoll(connection) {
        case PGRES_POLLING_READING: .read
        case PGRES_POLLING_WRITING: .write
        case PGRES_POLLING_OK: .done
        default: .failed
        }
    }

    /// Once connected, for simple queries. False when libpq refuses.
    func stopBlocking() -> Bool {
        unsafe _ = PQsetErrorVerbosity(connection, PQERRORS_DEFAULT)
        return unsafe PQsetnonblocking(connection, 1) == 0
    }

    /// Once connected. False when libpq refuses.
    func enterPipeline() -> Bool {
        unsafe stopBlocking() && PQenterPipelineMode(connection) == 1
    }

    /// A simple query; outside of pipeline mode only, and when the one before is answered.
    func query(_ text: String) -> Bool { unsafe PQsendQuery(connection, text) == 1 }

    func prepare(_ name: String, _ sql: String) -> Bool {
        unsafe PQsendPrepare(connection, name, sql, 0, nil) == 1
    }

    func execute(prepared name: String, _ parameters: [String?]) -> Bool {
        unsafe CStrings(parameters).withTerminatedPointers { values in
            unsafe PQsendQueryPrepared(connection, name, Int32(parameters.count), values, nil, nil, 0) == 1
        }
    }

    func execute(_ sql: String, _ parameters: [String?]) -> Bool {
        unsafe CStrings(parameters).withTerminatedPointers { values in
            unsafe PQsendQueryParams(connection, sql, Int32(parameters.count), nil, values, nil, nil, 0) == 1
        }
    }

    func sync() -> Bool { unsafe PQpipelineSync(connection) == 1 }

    /// True: all sent; false: more to send; nil: failed.
    func flush() -> Bool? {
        switch unsafe PQflush(connection) {
        case 0: true
        case 1: false
        default: nil
        }
    }

    /// Whether something has arrived that was not read yet, or the connection has ended.
    var isReadable: Bool {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&waiting, 1, 0) > 0
    }

    /// Reads what is there. False when the connection is lost.
    func consume() -> Bool { unsafe PQconsumeInput(connection) == 1 }

    /// Whether `next()` would have to wait.
    var isWaiting: Bool { unsafe PQisBusy(connection) == 1 }

    /// The next result; nil at the end of one command's.
    func next() -> Answer? {
        guard let result = unsafe PQgetResult(connection) else { return nil }
        let status = unsafe PQresultStatus(result)
        if status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_SINGLE_TUPLE {
            return Answer(kind: .rows, rows: unsafe Handle.rows(result), error: nil)
        }
        defer { unsafe PQclear(result) }
        switch status {
        case PGRES_EMPTY_QUERY: return Answer(kind: .empty, rows: .none, error: nil)
        case PGRES_PIPELINE_SYNC: return Answer(kind: .sync, rows: .none, error: nil)
        case PGRES_PIPELINE_ABORTED: return Answer(kind: .aborted, rows: .none, error: nil)
        case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH: return Answer(kind: .copy, rows: .none, error: nil)
        default: return Answer(kind: .error, rows: .none, error: unsafe Handle.error(result))
        }
    }

    private static func error(_ result: OpaquePointer) -> PostgresError {
        func field(_ code: Character) -> String? {
            guard let ascii = code.asciiValue, let text = unsafe PQresultErrorField(result, Int32(ascii)) else { return nil }
            return unsafe String(cString: text)
        }
        // PG_DIAG_SQLSTATE and PG_DIAG_MESSAGE_PRIMARY are macros of character constants. The primary message holds no query text.
        guard let state = field("C") else {
            return PostgresError(.connection, unsafe String(cString: PQresultErrorMessage(result)))
        }
        return PostgresError(sqlState: state, message: field("M") ?? "")
    }

    /// The result belongs to the rows from now on.
    private static func rows(_ result: OpaquePointer) -> Rows {
        var columns: [String] = []
        var types: [UInt32] = []
        for column in 0..<(unsafe PQnfields(result)) {
            columns.append(unsafe PQfname(result, column).map { unsafe String(cString: $0) } ?? "")
            types.append(unsafe PQftype(result, column))
        }
        let count = Int(unsafe PQntuples(result))
        let affected = unsafe PQcmdTuples(result).flatMap { unsafe Int(String(cString: $0)) } ?? 0
        return Rows(columns: columns, types: types, count: count, affected: affected, cells: unsafe Cells(result))
    }
}

/// Texts as C wants them: NUL-terminated, in one buffer, with pointers to each and a null pointer at the end.
struct CStrings {
    private var bytes: [CChar] = []
    private var starts: [Int?] = []

    init(_ texts: [String?]) {
        for text in texts {
            starts.append(text == nil ? nil : bytes.count)
            guard let text else { continue }
            for byte in text.utf8 { bytes.append(CChar(bitPattern: byte)) }
            bytes.append(0)
        }
    }

    /// The pointers are valid within `body` only.
    func withTerminatedPointers<Result>(_ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Result) -> Result {
        unsafe bytes.withUnsafeBufferPointer { buffer in
            var pointers: [UnsafePointer<CChar>?] = unsafe starts.map { start in
                unsafe start.flatMap { start in unsafe buffer.baseAddress.map { unsafe $0 + start } }
            }
            unsafe pointers.append(nil)
            return unsafe pointers.withUnsafeBufferPointer { unsafe body($0.baseAddress) }
        }
    }
}
