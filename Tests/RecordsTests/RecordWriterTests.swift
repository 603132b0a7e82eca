import Demo
import Glibc
import Postgres
import Support
import Synchronization
import Testing

@testable import Records

extension OnPostgres {
    @Suite struct RecordWriterTests {
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
    }
}
