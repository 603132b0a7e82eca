import Glibc
import Postgres
import Support
import Testing

@testable import Records

extension OnPostgres {
    @Suite struct RecordWriterFaultTests {
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
