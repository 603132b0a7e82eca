import Demo
import FoundationEssentials
import Glibc
import Postgres

/// The cost of every table's statistics beside postgres_exporter with the queries.yaml that Debian ships: the same server, the same
/// tables, both asked for everything that they have of one database.
struct TableComparison {
    /// What happens between two scrapes: nothing, or a row written to every twentieth table.
    private enum Load: String, CaseIterable {
        case quiet = "nothing written"
        case busy = "5 % of the tables written"
    }

    private static let database = "bench"

    let executable: String
    let folder: String

    func run() async throws {
        for tables in [500, 5_000] {
            say("Preparing Postgres with 8 databases, one of them with \(tables) tables …")
            let place = folder + "/tables-\(tables)"
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
            chmod(place, 0o755)
            let server = try await start(in: place, tables: tables)
            let subjects = try subjects(place)
            for load in Load.allCases {
                var results: [(String, Figures)] = []
                for subject in subjects {
                    say("Measuring \(subject.name), \(tables) tables, \(load.rawValue) …")
                    results.append((subject.name, try await measure(subject, server, load, tables: tables, place)))
                }
                report("\(tables) tables, \(load.rawValue)", results)
            }
            await server.stop()
        }
    }

    // MARK: The server

    private func start(in place: String, tables: Int) async throws -> PrivatePostgres {
        var options = PrivatePostgres.Options(directory: place + "/postgres")
        options.isDurable = false
        let server = try await PrivatePostgres.start(options)
        try await run((["bench"] + (1...6).map { "other\($0)" }).map { "CREATE DATABASE \($0)" }, on: server.url)
        let batches = stride(from: 1, through: tables, by: 500).map { ($0, min($0 + 499, tables)) }
        try await run(
            batches.map { first, last in
                """
                DO $$ BEGIN FOR n IN \(first)..\(last) LOOP
                    EXECUTE format('CREATE TABLE t%s (id integer PRIMARY KEY, payload text)', n);
                    EXECUTE format('INSERT INTO t%s SELECT i, repeat(''x'', 100) FROM generate_series(1, 10) i', n);
                END LOOP; END $$
                """
            } + ["ANALYZE"], on: address(server.port))
        return server
    }

    private func address(_ port: Int) -> String { "postgres://postgres@127.0.0.1:\(port)/\(Self.database)" }

    private func run(_ statements: [String], on url: String) async throws {
        let readiness = try Readiness()
        defer { readiness.stop() }
        let session = PostgresSession(try PostgresConfiguration(url, applicationName: "benchmark"), readiness: readiness)
        let limits = StatementLimits(statement: .seconds(300), lock: .seconds(10))
        for statement in statements {
            _ = try await session.rows(Statement(statement, preparation: .unprepared, limits: limits), by: .now + .seconds(300))
        }
        await session.close()
    }

    // MARK: The programs

    private func subjects(_ place: String) throws -> [Subject] {
        let configuration = place + "/vitals.yml"
        try Data(
            """
            targets:
              postgres:
                - name: bench
                  url: ${DATABASE}
                  databases: { include: [\(Self.database)] }
            """.utf8
        ).write(to: URL(filePath: configuration))
        let database = Self.database
        var subjects = [
            Subject(
                name: "vitals", program: executable,
                arguments: { listen, _, _ in
                    [
                        "serve", "--config.file", configuration, "--web.listen-address", "127.0.0.1:\(listen)",
                        "--storage.path", place + "/vitals-\(listen)", "--sample.interval", "1h", "--sample.max-age", "0s",
                    ]
                }, environment: { postgres, _ in ["DATABASE": "postgres://postgres@127.0.0.1:\(postgres)/\(database)"] })
        ]
        let queries = "/usr/share/doc/prometheus-postgres-exporter/examples/queries.yaml"
        func exporter(_ name: String, _ program: String, _ arguments: [String]) -> Subject {
            Subject(
                name: name, program: program,
                arguments: { listen, _, _ in ["--web.listen-address=127.0.0.1:\(listen)"] + arguments },
                environment: { postgres, _ in
                    ["DATA_SOURCE_NAME": "postgres://postgres@127.0.0.1:\(postgres)/\(database)?sslmode=disable"]
                })
        }
        subjects.append(
            exporter(
                "postgres_exporter with queries.yaml", try Programs.path(of: "prometheus-postgres-exporter"),
                ["--extend.query-path=\(queries)"]))
        // A newer one has the tables among its collectors.
        if let newer = ProcessInfo.processInfo.environment["POSTGRES_EXPORTER"], !newer.isEmpty {
            subjects.append(exporter("newer postgres_exporter", newer, []))
        }
        return subjects
    }

    // MARK: Measuring

    private struct Figures {
        let cpuMilliseconds: Double
        let serverMilliseconds: Double
        let wallMilliseconds: Double
        let residentMiB: Double
        let series: Int
        let bytes: Int
    }

    private func measure(
        _ subject: Subject, _ server: PrivatePostgres, _ load: Load, tables: Int, _ place: String
    ) async throws -> Figures {
        let scrapes = tables > 1_000 ? 40 : 100
        let (process, port) = try await subject.start(server.port, 0, folder: place)
        try await subject.settle(port)
        let writes = stride(from: 1, through: tables, by: 20).map { "UPDATE t\($0) SET payload = payload WHERE id = 1" }
        var cpu = 0.0
        var serverCPU = 0.0
        var walls: [Double] = []
        var bytes = 0
        let clock = ContinuousClock()
        for _ in 0..<scrapes {
            if load == .busy {
                try await run([writes.joined(separator: "; ")].map { "DO $$ BEGIN \($0); END $$" }, on: address(server.port))
            }
            let before = ProcessCost(pid: process.pid)
            let serverBefore = try await serverSeconds(server)
            let started = clock.now
            bytes = try scrape(port)
            walls.append((clock.now - started) / .milliseconds(1))
            cpu += ProcessCost(pid: process.pid).cpuSeconds - before.cpuSeconds
            serverCPU += try await serverSeconds(server) - serverBefore
        }
        let resident = Double(ProcessCost(pid: process.pid).residentBytes) / 1_048_576
        let series = try scrapeSeries(port)
        await process.stop()
        return Figures(
            cpuMilliseconds: cpu * 1_000 / Double(scrapes), serverMilliseconds: serverCPU * 1_000 / Double(scrapes),
            wallMilliseconds: walls.sorted()[scrapes / 2], residentMiB: resident, series: series, bytes: bytes)
    }

    private func serverSeconds(_ server: PrivatePostgres) async throws -> Double {
        guard let child = await server.child else { throw BenchmarkError("Postgres is gone") }
        return ProcessCost(pid: child.pid, withDescendants: true).cpuSeconds
    }

    private func report(_ title: String, _ results: [(String, Figures)]) {
        print(
            "\n"
                + columns(
                    title, ["series", "CPU ms/scrape", "CPU µs/series", "Postgres ms", "wall ms", "resident MiB", "bytes gzip"]))
        for (name, figures) in results {
            print(
                columns(
                    name,
                    [
                        "\(figures.series)", fixed(figures.cpuMilliseconds),
                        fixed(figures.cpuMilliseconds * 1_000 / Double(max(1, figures.series))),
                        fixed(figures.serverMilliseconds), fixed(figures.wallMilliseconds), fixed(figures.residentMiB),
                        "\(figures.bytes)",
                    ]))
        }
        guard let vitals = results.first?.1 else { return }
        for (name, peer) in results.dropFirst() {
            print(
                columns(
                    "vitals / \(name)",
                    [
                        fixed(Double(vitals.series) / Double(max(1, peer.series))),
                        fixed(vitals.cpuMilliseconds / peer.cpuMilliseconds), "",
                        fixed(vitals.serverMilliseconds / peer.serverMilliseconds),
                        fixed(vitals.wallMilliseconds / peer.wallMilliseconds), fixed(vitals.residentMiB / peer.residentMiB),
                        fixed(Double(vitals.bytes) / Double(max(1, peer.bytes))),
                    ]))
        }
    }
}
