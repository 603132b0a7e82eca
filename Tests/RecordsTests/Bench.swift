import Glibc
import Postgres
import Support
import Synchronization
import Testing

@testable import Records

/// The time of the first row of a test.
let start: Int64 = 1_763_700_000_000

/// A writer whose sample says what the test sets.
struct Bench {
    let clock = HandTime(start)
    let events = Events()
    let isUp = Flag()
    let directory: TemporaryDirectory
    let writer: RecordWriter

    init(
        _ database: any RecordDatabase, _ directory: TemporaryDirectory, rowsMax: Int = 1_000,
        retention: Duration = .seconds(30 * 86_400)
    ) throws {
        self.directory = directory
        let (clock, events, isUp) = (clock, events, isUp)
        writer = RecordWriter(
            database: database, spool: try RecordSpool.open(directory: directory.path, rowsMax: rowsMax),
            configuration: RecordConfiguration(retention: retention), time: clock.time,
            read: { reading(up: isUp.value, at: clock.now, tables: ["orders", "表"]) }, report: { events.add($0) })
    }

    func ticks(_ count: Int, up: Bool = true) async {
        isUp.set(up)
        for _ in 0..<count {
            await writer.tick()
            clock.advance(60_000)
        }
    }
}

func times(_ database: TestDatabase) async throws -> [Int64] {
    try await database.session.systemHealthRows(rowsMax: 10_000).map { ($0.timestamp - start) / 60_000 }.reversed()
}

extension RecordSpool {
    /// The size of the spool's file.
    static func bytes(in directory: String) throws -> Int {
        var status = stat()
        #expect(stat(directory + "/records.spool", &status) == 0)
        return Int(status.st_size)
    }
}

final class Flag: Sendable {
    private let state = Mutex(false)
    var value: Bool { state.withLock { $0 } }
    func set(_ value: Bool) { state.withLock { $0 = value } }
}

/// Counts the transactions that pass.
final class CountingDatabase: RecordDatabase {
    private let base: any RecordDatabase
    private let transactions = Atomic(0)

    init(_ base: any RecordDatabase) { self.base = base }

    var count: Int { transactions.load(ordering: .relaxed) }

    func transaction<Value: Sendable>(
        _ patience: RecordPatience, _ body: @escaping @Sendable (any RecordTransaction) async throws(RecordError) -> Value
    ) async throws(RecordError) -> Value {
        transactions.add(1, ordering: .relaxed)
        return try await base.transaction(patience, body)
    }
}

/// Ends its own process, as `kill -9` does, at one point of the second write.
final class KillingDatabase: RecordDatabase {
    private let base: any RecordDatabase
    private let point: Int
    private let inserts = Atomic(0)

    init(_ base: any RecordDatabase, at point: Int) {
        self.base = base
        self.point = point
    }

    func transaction<Value: Sendable>(
        _ patience: RecordPatience, _ body: @escaping @Sendable (any RecordTransaction) async throws(RecordError) -> Value
    ) async throws(RecordError) -> Value {
        if case .glance = patience { return try await base.transaction(patience, body) }
        let number = inserts.add(1, ordering: .relaxed).newValue
        // Number 1 is the probe; 2 and 3 are the two batches of the backlog.
        if point == 0, number == 3 { kill(getpid(), SIGKILL) }
        let point = point
        let value = try await base.transaction(patience) { (transaction) async throws(RecordError) -> Value in
            let value = try await body(transaction)
            if point == 1, number == 3 { kill(getpid(), SIGKILL) }
            return value
        }
        if point == 2, number == 3 { kill(getpid(), SIGKILL) }
        if point == 3, number == 6 { kill(getpid(), SIGKILL) }
        return value
    }
}
