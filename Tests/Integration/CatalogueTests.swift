import MetricsModel
import Redis
import Support
import Testing

/// The families that the documents name, on live servers.
@Suite struct CatalogueTests {
    private struct Documented {
        let name: String
        let type: MetricType
        /// Label names of some of its series, sorted; others may have more.
        let labels: [String]
        /// Values that a label must have been seen with.
        var values: (label: String, these: Set<String>)?
    }

    private static let results: (String, Set<String>) = ("result", ["success", "failure"])
    private static let types: (String, Set<String>) = (
        "query_type", ["select", "insert", "update", "delete", "ddl", "utility", "other"]
    )

    private static let http = [
        Documented(name: "http_requests_total", type: .counter, labels: ["method", "path", "status"]),
        Documented(name: "http_request_duration_seconds", type: .histogram, labels: ["method", "path"]),
        Documented(name: "http_requests_in_flight", type: .gauge, labels: []),
        Documented(name: "auth_attempts_total", type: .counter, labels: ["result"], values: results),
        Documented(name: "auth_account_lockouts_total", type: .counter, labels: []),
        Documented(name: "auth_token_validations_total", type: .counter, labels: ["result"], values: results),
    ]
    private static let database = [
        Documented(name: "db_queries_total", type: .counter, labels: ["query_type"], values: types),
        Documented(name: "db_query_duration_seconds", type: .histogram, labels: ["query_type"], values: types),
        Documented(name: "db_connection_pool_size", type: .gauge, labels: ["pool"], values: ("pool", ["postgres", "vitals"])),
        Documented(name: "db_connection_pool_in_use", type: .gauge, labels: ["pool"], values: ("pool", ["postgres", "vitals"])),
        Documented(
            name: "db_connection_pool_wait_duration_seconds", type: .histogram, labels: ["pool"], values: ("pool", ["vitals"])),
        Documented(name: "users_active_total", type: .gauge, labels: []),
        Documented(name: "users_created_total", type: .counter, labels: []),
        Documented(name: "api_keys_active_total", type: .gauge, labels: []),
    ]
    private static let cache = [
        Documented(
            name: "cache_operations_total", type: .counter, labels: ["operation", "result"],
            values: ("result", ["hit", "miss", "ok", "rejected", "failed"])),
        Documented(name: "cache_hit_rate", type: .gauge, labels: []),
        Documented(name: "cache_evictions_total", type: .counter, labels: []),
    ]
    private static let process = [
        Documented(name: "process_cpu_seconds_total", type: .counter, labels: []),
        Documented(name: "process_resident_memory_bytes", type: .gauge, labels: []),
        Documented(name: "process_virtual_memory_bytes", type: .gauge, labels: []),
        Documented(name: "process_open_fds", type: .gauge, labels: []),
        Documented(name: "process_max_fds", type: .gauge, labels: []),
        Documented(name: "process_start_time_seconds", type: .gauge, labels: []),
        Documented(name: "process_threads", type: .gauge, labels: []),
        Documented(name: "vitals_build_info", type: .gauge, labels: ["swift_version", "version"]),
        Documented(name: "vitals_storage_free_bytes", type: .gauge, labels: []),
    ]

    @Test("Every documented family is on /metrics with its type, its labels and a finite value, from live servers")
    func present() async throws {
        let exposition = try await LiveStage.get().exposition()
        for wanted in Self.http + Self.database + Self.cache + Self.process {
            let family = try #require(exposition.families.first { $0.name == wanted.name }, "\(wanted.name) is missing")
            #expect(family.type == wanted.type, "\(wanted.name)")
            let labels = Set(family.samples.map { sample in sample.labels.pairs.map(\.name).filter { $0 != "le" } })
            #expect(labels.contains(wanted.labels), "\(wanted.name): \(labels)")
            if let (label, values) = wanted.values {
                #expect(values.isSubset(of: Set(family.samples.compactMap { $0.labels[label] })), "\(wanted.name) by \(label)")
            }
            #expect(family.samples.contains { $0.value.isFinite }, "\(wanted.name)")
        }
    }

    @Test("What the application does is in the numbers: queries by type, logins, users, evictions, hits")
    func counted() async throws {
        let stage = try await LiveStage.get()
        let vitals = stage.vitals
        let counted = try await vitals.metrics(within: .seconds(30)) { samples in
            [
                "db_queries_total{query_type=\"select\"}", "db_queries_total{query_type=\"insert\"}",
                "db_queries_total{query_type=\"update\"}", "db_query_duration_seconds_count{query_type=\"select\"}",
                "auth_attempts_total{result=\"success\",source=\"audit_logs\"}",
                "auth_token_validations_total{result=\"success\"}", "auth_token_validations_total{result=\"failure\"}",
                "cache_operations_total{operation=\"get\",result=\"hit\"}",
                "cache_operations_total{operation=\"get\",result=\"miss\"}", "cache_evictions_total",
            ].allSatisfy { (samples[$0] ?? 0) > 0 }
        }
        let atZero = try await vitals.metrics().filter { $0.value == 0 }.keys.sorted()
        let samples = try #require(counted, "at zero: \(atZero)")
        let active = try #require(samples["users_active_total"])
        #expect((450...10_000).contains(active))
        #expect(samples["api_keys_active_total"] == 45)
        #expect((samples["cache_hit_rate"] ?? -1) >= 0 && (samples["cache_hit_rate"] ?? 2) <= 1)
        #expect(samples["db_connection_pool_size{pool=\"postgres\"}"] == 47)
    }

    @Test("A family whose source is absent is absent, and its collector says why it does not ask")
    func absent() async throws {
        try await withServers { servers in
            try await servers.sql("DROP EXTENSION pg_stat_statements")
            try await withVitals(
                ["--sample.interval", "1s"], environment: servers.environment, in: servers.directory
            ) { vitals in
                let sampled = try await vitals.metrics(within: .seconds(20)) { ($0["vitals_store_samples"] ?? 0) > 500 }
                let samples = try #require(sampled)
                #expect(samples["pg_up"] == 1 && samples["redis_up"] == 1)
                let exposition = try await vitals.exposition()
                let names = Set(exposition.families.map(\.name))
                for name in [
                    "db_queries_total", "db_query_duration_seconds", "pg_query_avg_seconds", "pg_stat_statements_calls_total",
                    "pg_stat_statements_mean_seconds", "users_active_total", "users_created_total", "api_keys_active_total",
                    // Nobody looks anything up.
                    "cache_hit_rate",
                ] { #expect(!names.contains(name), "\(name)") }
                // Vitals' own logins go on being counted.
                let attempts = try #require(exposition.families.first { $0.name == "auth_attempts_total" })
                #expect(attempts.samples.allSatisfy { $0.labels["source"] == nil })
                for (collector, reason) in [("stat_statements", "extension"), ("business", "relation"), ("auth", "relation")] {
                    #expect(
                        samples["vitals_collector_skipped{collector=\"\(collector)\",reason=\"\(reason)\",target=\"postgres\"}"]
                            .map { $0 > 0 } == true, "\(collector)")
                    #expect(
                        samples["vitals_collector_success{collector=\"\(collector)\",target=\"postgres\"}"] == nil, "\(collector)"
                    )
                }
                for collector in ["settings", "stat_activity", "stat_database", "locks", "stat_user_tables"] {
                    #expect(
                        samples["vitals_collector_success{collector=\"\(collector)\",target=\"postgres\"}"] == 1, "\(collector)")
                }
                // What is not there is no failure.
                #expect(try !vitals.logged().contains("has no data"))
            }
        }
    }
}
