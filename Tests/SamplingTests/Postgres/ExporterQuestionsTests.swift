import MetricsModel
import Postgres
import Support
import Testing

@testable import Sampling

@Suite struct ExporterQuestionsTests {
    @Test("Every family of postgres_exporter is there with its type and labels, but for the differences that are written down")
    func golden() {
        let ours = PostgresCollectorSwitch.exporter.flatMap { item in
            item.questions.flatMap { $0.families.map { (item.name, $0) } }
        }
        for (collector, families) in ExporterFamily.collectors where collector != "stat_statements" {
            for family in families where family.name != "pg_process_idle_seconds" {
                let differences = ExporterDifference.current.filter { $0.covers(family.name) }
                let same = ours.first { $0.1.name == family.name && $0.0 == collector }?.1
                var (type, labels) = (family.type, family.labels)
                var isGone = false
                for difference in differences {
                    switch difference.kind {
                    case .type(let other): type = other
                    case .labels(let other): labels = other
                    case .renamed(let names):
                        isGone = same == nil
                        for name in names { #expect(ours.contains { $0.1.name == name && $0.0 == collector }, "\(name)") }
                    case .absent: isGone = true
                    case .value, .fewer: break
                    }
                }
                if isGone {
                    #expect(same == nil, "\(family.name) is there and listed as gone")
                } else {
                    #expect(same?.type == type, "\(family.name)")
                    #expect(same?.labelNames == labels, "\(family.name)")
                }
            }
        }
    }

    @Test("Collectors are on and off as postgres_exporter has them, but for postmaster")
    func defaults() {
        let off: Set = [
            "buffercache_summary", "database_wraparound", "long_running_transactions", "process_idle", "stat_activity_autovacuum",
            "stat_checkpointer", "stat_wal_receiver", "statio_user_indexes", "xlog_location",
        ]
        for item in PostgresCollectorSwitch.exporter { #expect(item.isOn == !off.contains(item.name), "\(item.name)") }
        let names = Set(PostgresCollectorSwitch.exporter.map(\.name))
        #expect(Set(ExporterFamily.collectors.map(\.collector)).subtracting(names) == ["stat_statements"])
        let questions = PostgresCollectorSwitch.exporter.flatMap(\.questions).map(\.name)
        #expect(Set(questions).count == questions.count)
    }

    @Test(
        "Every question is understood by the server, and each of its columns is read", arguments: PostgresCollectorSwitch.exporter
    )
    func ask(_ item: PostgresCollectorSwitch) async throws {
        let url = try await SharedPostgres.database()
        try await SharedPostgres.run(
            ["CREATE TABLE t (n int PRIMARY KEY, v text)", "INSERT INTO t VALUES (1, 'x')", "VACUUM ANALYZE t"], on: url)
        var context = QuestionContext()
        context.version = try await SharedPostgres.version()
        context.server = ServerTraits(isMonitor: true, isSuperuser: true, user: "postgres", address: #"it's\here:5432"#)
        for question in item.questions where question.conditions.allSatisfy({ $0.holds(in: context) }) {
            let rows = try await SharedPostgres.rows(
                question.sql(context), question.parameters(PostgresTargetSettings()), on: url)
            var sample = SampleBuilder(SeriesCache(constantLabels: .empty))
            switch question.reading {
            case .columns(let columns):
                try ColumnReader(columns: columns).read(rows, into: &sample)
                let known = Set(columns.map(\.name))
                #expect(rows.columns.filter { !known.contains($0) } == [], "\(question.name)")
            case .rows(let read): try read(rows, &sample)
            // TableReaderTests
            case .tables: continue
            }
            let names = Set(sample.finish().families.map(\.family.name))
            let quiet: Set = [
                "stat_progress_vacuum", "replication_slots", "stat_replication", "stat_wal_receiver", "stat_activity_autovacuum",
                "process_idle",
            ]
            if !quiet.contains(item.name) { #expect(!names.isEmpty, "\(question.name)") }
        }
    }

    @Test(
        "Settings come in seconds and bytes; what managed servers write costs a value at most",
        arguments: [
            ("max_connections", "100", nil, "pg_settings_max_connections", 100),
            ("jit", "on", nil, "pg_settings_jit", 1), ("fsync", "off", nil, "pg_settings_fsync", 0),
            ("shared_buffers", "16384", "8kB", "pg_settings_shared_buffers_bytes", 134_217_728),
            ("min_wal_size", "80", "MB", "pg_settings_min_wal_size_bytes", 83_886_080),
            ("wal_segment_size", "16777216", "B", "pg_settings_wal_segment_size_bytes", 16_777_216),
            ("checkpoint_timeout", "5", "min", "pg_settings_checkpoint_timeout_seconds", 300),
            ("deadlock_timeout", "1000", "ms", "pg_settings_deadlock_timeout_seconds", 1),
            ("log_min_duration_statement", "-1", "ms", "pg_settings_log_min_duration_statement_seconds", -1),
            ("autovacuum_vacuum_cost_delay", "2", "ms", "pg_settings_autovacuum_vacuum_cost_delay_seconds", 0.002),
            ("pg_stat_statements.max", "5000", nil, "pg_settings_pg_stat_statements_max", 5000),
            ("google-dataplex.max", "1", nil, "pg_settings_google_dataplex_max", 1),
            ("shared_buffers", "88413056kB", "8kB", "pg_settings_shared_buffers_bytes", 90_534_969_344),
            ("statement_timeout", "5ms", "ms", "pg_settings_statement_timeout_seconds", 0.005),
            ("seq_page_cost", "1.5", nil, "pg_settings_seq_page_cost", 1.5),
            ("x", "1e-05", nil, "pg_settings_x", 0.00001),
        ] as [(String, String, String?, String, Double)])
    func settings(_ name: String, _ value: String, _ unit: String?, _ metric: String, _ number: Double) throws {
        let setting = try #require(ServerSetting(name: name, value: value, unit: unit))
        #expect(setting.family.name == metric)
        #expect(abs(setting.number - number) <= abs(number) * 1e-12)
        #expect(setting.family.type == .gauge)
    }

    @Test(
        "A setting that cannot be read is no sample",
        arguments: [
            ("sync_commit_cancel_wait", "Disabled", nil), ("a", "", nil), ("a", "12 bananas", "kB"), ("a", "1", "furlong"),
            ("a", "nan", nil), ("a", "inf", "s"), ("a", "1kB5", "kB"), ("a", "99999999999999999999999999999999B", "0x8kB"),
        ] as [(String, String, String?)])
    func oddSettings(_ name: String, _ value: String, _ unit: String?) {
        #expect(ServerSetting(name: name, value: value, unit: unit) == nil)
    }
}

extension PostgresCollectorSwitch: CustomTestStringConvertible {
    public var testDescription: String { name }
}
