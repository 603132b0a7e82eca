import Demo
import FoundationEssentials
import MetricsModel
import Support
import Testing

/// A real Prometheus beside Vitals.
@Suite struct PrometheusTests {
    @Test("Prometheus scrapes Vitals without an error")
    func scraped() async throws {
        let stage = try await LiveStage.get()
        let targets = try await stage.theirs.targets()
        #expect(targets.map(\.health) == ["up"])
        #expect(targets.map(\.lastError) == [""])
        #expect(try await stage.theirs.query("min_over_time(up{job=\"vitals\"}[20s])").map(\.value) == [1])
        let samples = try await stage.theirs.query("scrape_samples_scraped")
        #expect(samples.first.map { $0.value > 300 } == true)
        // What it can't take of a scrape (a time out of order, a duplicate) it only logs.
        let complaints = try stage.servers.directory.read("prometheus.log").split(separator: "\n")
            .filter { !$0.contains("level=info") }
        #expect(complaints == [])
    }

    @Test("Prometheus asks for OpenMetrics and gets it, with the types of the text format")
    func types() async throws {
        let stage = try await LiveStage.get()
        let size = try await stage.theirs.query("vitals_scrape_size_bytes{format=\"openmetrics\"}")
        #expect(size.first.map { $0.value > 10_000 } == true, "no scrape was answered in OpenMetrics")
        let metadata = try await stage.theirs.metadata()
        let families = try await stage.exposition().families
        #expect(families.count > 150)
        for family in families {
            let isCounter = family.type == .counter
            let name = isCounter && family.name.hasSuffix("_total") ? String(family.name.dropLast(6)) : family.name
            // OpenMetrics has no counter without `_total`.
            let type = isCounter && name == family.name ? MetricType.unknown : family.type
            #expect(metadata[name]?.map(\.type) == [type.rawValue], "\(family.name)")
        }
    }

    @Test("Every target of Vitals' own has up in its store, as Prometheus would have written it")
    func up() async throws {
        let stage = try await LiveStage.get()
        let up = try await stage.ours.query("up")
        var found: [String: String] = [:]
        for series in up {
            #expect(series.value == 1)
            #expect(Set(series.labels.keys) == ["__name__", "job", "instance"])
            found[series.labels["job"] ?? ""] = series.labels["instance"]
        }
        #expect(found.removeValue(forKey: "pgbouncer")?.hasPrefix("127.0.0.1:") == true)
        #expect(
            found == [
                "postgres": "127.0.0.1:\(stage.servers.postgres.port)", "redis": "127.0.0.1:\(stage.servers.redis.port)",
                "vitals": "127.0.0.1:\(stage.vitals.port)",
            ])
    }

    /// Expressions without the labels that only Prometheus or only Vitals' store has, and how far apart the values may lie, as a
    /// ratio: the two sample at different instants, so that what grows differs by what happens between them.
    private static let comparisons: [(String, Double)] = [
        ("sum(pg_settings_max_connections)", 0),
        ("count by (datname, state) (pg_stat_activity_count)", 0),
        ("max(redis_config_maxclients) / 2 + 1", 0),
        ("absent(no_such_metric{a=\"b\"})", 0),
        ("topk(1, sum by (relname) (pg_stat_user_tables_table_size_bytes))", 0.2),
        ("sum by (query_type) (db_queries_total)", 0.2),
        ("sum by (query_type) (rate(db_queries_total{query_type=~\"select|insert|update\"}[10s]))", 0.2),
        ("sum(increase(pg_stat_database_xact_commit{datname=\"postgres\"}[10s]))", 0.2),
        ("histogram_quantile(0.9, sum by (le) (rate(db_query_duration_seconds_bucket[10s])))", 0.5),
        ("sum(rate(cache_operations_total{operation=\"get\", result=~\"hit|miss\"}[10s]))", 0.2),
        ("avg_over_time(sum(redis_connected_clients)[10s:1s])", 0.2),
        ("max_over_time(redis_up[10s]) unless redis_up == 0", 0),
        ("sum by (cmd) (rate(redis_commands_total{cmd=~\"get|set\"}[10s])) > 1", 0.2),
    ]

    @Test("Vitals and Prometheus answer the same to the same expression over the same stretch")
    func agreement() async throws {
        let stage = try await LiveStage.get()
        // Both have sampled beyond the end, and for longer than the longest window before the start.
        let end = Int64(Date().timeIntervalSince1970 * 1_000) - 2_000
        for (expression, tolerance) in Self.comparisons {
            let ours = try await stage.ours.range(expression, from: end - 4_000, through: end, stepSeconds: 2)
            let theirs = try await stage.theirs.range(expression, from: end - 4_000, through: end, stepSeconds: 2)
            #expect(!theirs.isEmpty, "\(expression)")
            let wanted = Dictionary(uniqueKeysWithValues: theirs.map { (Self.common($0.labels), $0.points) })
            #expect(Set(ours.map { Self.common($0.labels) }) == Set(wanted.keys), "\(expression)")
            for series in ours {
                let other = wanted[Self.common(series.labels)] ?? []
                #expect(series.points.map(\.time) == other.map(\.time), "\(expression) \(series.labels)")
                for (mine, other) in zip(series.points, other) {
                    let isNear = mine.value == other.value || abs(mine.value - other.value) <= tolerance * abs(other.value)
                    #expect(isNear, "\(expression) \(series.labels): \(mine.value) here, \(other.value) there")
                }
            }
        }
    }

    private static func common(_ labels: [String: String]) -> [String: String] {
        labels.filter { $0.key != "job" && $0.key != "instance" }
    }

    @Test("The shipped rules run in Prometheus as in Vitals, and every one evaluates")
    func rules() async throws {
        let stage = try await LiveStage.get()
        let names = try AlertFiles.rules(in: "vitals.yml").map(\.name).sorted()
        for client in [stage.ours, stage.theirs] {
            // A group's first evaluation comes within its interval.
            let evaluated = try await client.wait(within: .seconds(70)) {
                try await $0.rules().allSatisfy { $0.health != "unknown" }
            }
            #expect(evaluated, "\(client.url)")
            let rules = try await client.rules().filter { $0.name != "Provoked" }
            // Prometheus puts the groups in the order of their names.
            #expect(rules.map(\.name).sorted() == names)
            for rule in rules { #expect(rule.health == "ok", "\(rule.name): \(rule.lastError ?? "")") }
        }
    }

    @Test("When Postgres stops, its series are gone at once and pg_up is 0, in Prometheus and in Vitals")
    func staleness() async throws {
        try await withServers { servers in
            try await withVitals(
                ["--sample.interval", "1s"], environment: servers.environment, in: servers.directory
            ) { vitals in
                let prometheus = try await startPrometheus(scraping: vitals, in: servers.directory)
                let clients = [QueryClient(url: prometheus.url), QueryClient(url: vitals.url)]
                for client in clients {
                    let there = try await client.wait(within: .seconds(20)) {
                        let commits = try await $0.query("pg_stat_database_xact_commit")
                        let up = try await $0.query("pg_up")
                        return !commits.isEmpty && up.map(\.value) == [1]
                    }
                    #expect(there, "\(client.url)")
                }
                await servers.postgres.stop()
                for client in clients {
                    // Long before the five minutes for which a series is looked back.
                    let gone = try await client.wait(within: .seconds(20)) {
                        let others = try await $0.query(
                            "{__name__=~\"pg_.+\", __name__!~\"pg_up|pg_(exporter|scrape|login)_.+\"}")
                        let up = try await $0.query("pg_up")
                        return others.isEmpty && up.map(\.value) == [0]
                    }
                    #expect(gone, "\(client.url)")
                    #expect(try await client.query("redis_up").map(\.value) == [1])
                }
                #expect(try await clients[1].query("up{job=\"postgres\"}").map(\.value) == [0])
                await prometheus.stop()
            }
        }
    }
}
