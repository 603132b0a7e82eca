import Demo
import Glibc
import Postgres
import Support
import Synchronization
import Testing

@testable import Records

private let start: Int64 = 1_763_700_000_000

extension OnPostgres {
    @Suite struct RecordWriterTests {
        /// A writer whose sample says what the test sets.
        private struct Bench {
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

        private func times(_ database: TestDatabase) async throws -> [Int64] {
            try await database.session.systemHealthRows(rowsMax: 10_000).map { ($0.timestamp - start) / 60_000 }.reversed()
        }

        @Test("A row per interval is in the table, each with its own time")
        func rows() async throws {
            let database = try await TestDatabase()
            _ = try await Migrator(database.session).up()
            let bench = try Bench(database.session, TemporaryDirectory())
            await bench.ticks(3)
            #expect(try await times(database) == [0, 1, 2])
            #expect(try await database.session.systemHealthRows(rowsMax: 1).first?.cacheHitPercent == Hundredths(count: 8_750))
            var numbers = RecordNumbers()
            numbers.written = 3
            numbers.lastWrite = start + 120_000
            #expect(bench.writer.numbers == numbers)
            #expect(bench.events.all == [.writing])
        }

        @Test("Rows of an outage wait and are written in order; the database is not touched meanwhile")
        func outage() async throws {
            let database = try await TestDatabase()
            _ = try await Migrator(database.session).up()
            let counter = CountingDatabase(database.session)
            let bench = try Bench(counter, TemporaryDirectory())
            await bench.ticks(2)
            let before = counter.count
            await bench.ticks(250, up: false)
            #expect(counter.count == before)
            #expect(bench.writer.numbers.spooled == 250)
            await bench.ticks(1)
            #expect(try await times(database) == Array(0...252))
            // Each batch is one transaction, so the order in the table is the order of the rows.
            #expect(
                try await database.sql(
                    #"SELECT count(*) FROM (SELECT "timestamp" < lag("timestamp") OVER (ORDER BY ctid) AS wrong FROM system_health) t WHERE wrong"#
                )
                    == ["0"])
            #expect(bench.writer.numbers.spooled == 0 && bench.writer.numbers.written == 253)
            #expect(bench.events.all == [.writing, .waiting(.databaseAway), .writing])
        }

        @Test("A real server that goes and comes: every interval has its row")
        func serverRestart() async throws {
            // Its own server, so that the others' is not disturbed.
            try await PrivatePostgresTrait().provide {
                let database = try await TestDatabase()
                _ = try await Migrator(database.session).up()
                let bench = try Bench(database.session, TemporaryDirectory())
                await bench.ticks(1)
                await database.server.kill()
                // The sample of that instant has not noticed.
                await bench.ticks(1, up: true)
                await bench.ticks(2, up: false)
                try await database.server.start()
                for _ in 0..<50 where bench.writer.numbers.spooled > 0 || bench.writer.numbers.written < 4 {
                    await bench.ticks(1)
                    // The session does not connect again before its pause is over.
                    if bench.writer.numbers.spooled > 0 { try await Task.sleep(for: .milliseconds(200)) }
                }
                let all = try await times(database)
                #expect(all == Array(0..<Int64(all.count)))
                #expect(all.count >= 5)
                #expect(bench.writer.numbers.spooled == 0)
            }
        }

        @Test("Without the table rows are off, said once; after the migration they are written")
        func tableMissing() async throws {
            let database = try await TestDatabase()
            let bench = try Bench(database.session, TemporaryDirectory())
            await bench.ticks(4)
            #expect(bench.events.all == [.off(.tableMissing)])
            #expect(bench.events.all.first?.description.contains("vitals migrate up") == true)
            #expect(bench.writer.numbers.spooled == 0)
            _ = try await Migrator(database.session).up()
            await bench.ticks(3)
            #expect(try await times(database) == [5, 6])
            #expect(bench.events.all == [.off(.tableMissing), .writing])
        }

        @Test("A role that may only read has rows off; one that may not delete keeps old ones")
        func roles() async throws {
            let database = try await TestDatabase()
            _ = try await Migrator(database.session).up()
            try await database.sql("DROP ROLE IF EXISTS records_reader")
            try await database.sql("CREATE ROLE records_reader LOGIN")
            try await database.sql("GRANT SELECT ON system_health TO records_reader")
            let session = try database.session(user: "records_reader")
            let bench = try Bench(session, TemporaryDirectory(), retention: .seconds(60))
            await bench.ticks(2)
            #expect(bench.events.all == [.off(.permissionDenied)])
            try await database.sql("GRANT INSERT ON system_health TO records_reader")
            await bench.ticks(10)
            #expect(bench.events.all == [.off(.permissionDenied), .retentionOff])
            #expect(try await times(database) == Array(5...11))
            await session.close()
        }

        @Test("In a read-only session rows wait")
        func readOnly() async throws {
            let database = try await TestDatabase()
            _ = try await Migrator(database.session).up()
            let session = try database.session()
            try await database.sql("SET default_transaction_read_only = on", in: session)
            let bench = try Bench(session, TemporaryDirectory())
            await bench.ticks(3)
            #expect(bench.events.all == [.waiting(.readOnly)])
            try await database.sql("SET default_transaction_read_only = off", in: session)
            await bench.ticks(1)
            #expect(try await times(database) == Array(0...3))
            await session.close()
        }

        @Test("A right that is taken away is noticed in the write; the row waits")
        func revoked() async throws {
            let database = try await TestDatabase()
            _ = try await Migrator(database.session).up()
            let bench = try Bench(database.session, TemporaryDirectory())
            await bench.ticks(1)
            try await database.sql("ALTER TABLE system_health RENAME TO elsewhere")
            await bench.ticks(2)
            #expect(bench.events.all == [.writing, .off(.tableMissing)])
            #expect(bench.writer.numbers.spooled == 1 && bench.writer.numbers.failed == 1)
            try await database.sql("ALTER TABLE elsewhere RENAME TO system_health")
            await bench.ticks(5)
            #expect(try await times(database) == [0, 1, 6, 7])
        }

        @Test("A row that the table refuses does not hold up those behind it")
        func refused() async throws {
            let database = try await TestDatabase()
            _ = try await Migrator(database.session).up()
            let second = (start + 60_000) / 1_000
            try await database.sql(
                "ALTER TABLE system_health ADD CHECK (extract(epoch FROM \"timestamp\") <> \(second))")
            let bench = try Bench(database.session, TemporaryDirectory())
            await bench.ticks(4, up: false)
            await bench.ticks(1)
            #expect(try await times(database) == [0, 2, 3, 4])
            #expect(bench.writer.numbers.dropped == 1 && bench.writer.numbers.spooled == 0)
            #expect(bench.events.all.contains { if case .rowDropped = $0 { true } else { false } })
        }

        @Test("The application's errors of the last hour are in the row; without its table they are NULL")
        func errors() async throws {
            let database = try await TestDatabase()
            _ = try await Migrator(database.session).up()
            let bench = try Bench(database.session, TemporaryDirectory())
            await bench.ticks(1)
            try await database.sql(#"CREATE TABLE audit_logs ("timestamp" TIMESTAMPTZ NOT NULL, success BOOLEAN NOT NULL)"#)
            try await database.sql(
                """
                INSERT INTO audit_logs SELECT now() - interval '1 minute' * n, n % 2 = 0 FROM generate_series(1, 119) n
                """)
            // Looked for again after ten minutes.
            await bench.ticks(10)
            let rows = try await database.session.systemHealthRows(rowsMax: 11)
            #expect(rows.map(\.errorsLastHour) == [30] + Array(repeating: nil, count: 10))
        }

        @Test("Old rows go")
        func retention() async throws {
            let database = try await TestDatabase()
            _ = try await Migrator(database.session).up()
            let old = (0..<7_000).map { SystemHealthRow(timestamp: start - 3_600_000 - Int64($0)).json.text }
            _ = try await database.session.insert(old)
            let bench = try Bench(database.session, TemporaryDirectory(), retention: .seconds(3_600))
            await bench.ticks(1)
            #expect(bench.writer.numbers.pruned == 5_000)
            await bench.ticks(1)
            #expect(bench.writer.numbers.pruned == 7_000)
            #expect(try await times(database) == [0, 1])
        }

        @Test("A spool that is full drops its oldest rows, counts them and says so once")
        func full() async throws {
            let database = try await TestDatabase()
            _ = try await Migrator(database.session).up()
            let bench = try Bench(database.session, TemporaryDirectory(), rowsMax: 3)
            await bench.ticks(6, up: false)
            #expect(bench.writer.numbers.dropped == 3 && bench.writer.numbers.spooled == 3)
            #expect(bench.events.all == [.waiting(.databaseAway), .spoolFull(rowsMax: 3)])
            await bench.ticks(1)
            #expect(try await times(database) == [4, 5, 6])
        }

        @Test("The service makes rows at multiples of the interval and ends by cancellation")
        func run() async throws {
            let database = try await TestDatabase()
            _ = try await Migrator(database.session).up()
            let clock = HandTime(start + 12_345)
            let directory = try TemporaryDirectory()
            let spool = try RecordSpool.open(directory: directory.path)
            let task = Mutex<Task<Void, Never>?>(nil)
            let writer = RecordWriter(
                database: database.session, spool: spool, configuration: RecordConfiguration(), time: clock.time,
                read: {
                    if clock.now >= start + 300_000 { task.withLock { $0?.cancel() } }
                    return reading(up: true, at: clock.now)
                }, report: { _ in })
            // Held until the task is stored, so that the cancellation above finds it.
            task.withLock { $0 = Task { await writer.run() } }
            await task.withLock { $0 }?.value
            #expect(try await times(database).prefix(4) == [1, 2, 3, 4])
        }

        @Test("On a full disk rows go to the table at once, those of an outage are lost and counted, and the spool stays whole")
        func diskFull() async throws {
            let database = try await TestDatabase()
            _ = try await Migrator(database.session).up()
            let directory = try TemporaryDirectory()
            let (url, path) = (database.url, directory.path)
            await #expect(processExitsWith: .success) { [url = url as String, path = path as String] in
                signal(SIGXFSZ, SIG_IGN)
                let session = try PostgresSession(PostgresConfiguration(url), readiness: Readiness())
                let clock = HandTime(start)
                let up = Flag()
                let events = Events()
                let writer = RecordWriter(
                    database: session, spool: try RecordSpool.open(directory: path), configuration: RecordConfiguration(),
                    time: clock.time, read: { reading(up: up.value, at: clock.now) }, report: { events.add($0) })
                func tick() async {
                    await writer.tick()
                    clock.advance(60_000)
                }
                for _ in 0..<3 { await tick() }
                // A file may not grow past its size now, in the middle of a row.
                let size = rlim_t(try RecordSpool.bytes(in: path) + 40)
                var limit = rlimit(rlim_cur: size, rlim_max: size)
                #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
                for _ in 0..<2 { await tick() }
                #expect(writer.numbers.dropped == 2 && writer.numbers.spooled == 3)
                up.set(true)
                await tick()
                #expect(writer.numbers.dropped == 2 && writer.numbers.spooled == 0 && writer.numbers.written == 4)
                #expect(events.all.count { if case .spoolFailed = $0 { true } else { false } } == 1)
                exit(EXIT_SUCCESS)
            }
            #expect(try await times(database) == [0, 1, 2, 5])
        }

        @Test(
            "Killed before, within or after a write, and started again: no row is lost and none is there twice", arguments: 0..<4)
        func killed(point: Int) async throws {
            let database = try await TestDatabase()
            _ = try await Migrator(database.session).up()
            let directory = try TemporaryDirectory()
            let (url, path) = (database.url, directory.path)
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [url = url as String, path = path as String, point = point as Int] in
                let session = try PostgresSession(PostgresConfiguration(url), readiness: Readiness())
                let clock = HandTime(start)
                let up = Flag()
                let writer = RecordWriter(
                    database: KillingDatabase(session, at: point), spool: try RecordSpool.open(directory: path),
                    configuration: RecordConfiguration(), time: clock.time, read: { reading(up: up.value, at: clock.now) },
                    report: { _ in })
                for interval in 0..<120 {
                    up.set(interval >= 110)
                    await writer.tick()
                    clock.advance(60_000)
                }
            }
            let bench = try Bench(database.session, directory)
            bench.clock.advance(1_000 * 60_000)
            await bench.ticks(1)
            let all = try await times(database)
            let made = Int64(all.count - 1)
            #expect(all == Array(0..<made) + [1_000] && made >= 111)
            #expect(bench.writer.numbers.spooled == 0 && bench.writer.numbers.dropped == 0)
        }
    }
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
