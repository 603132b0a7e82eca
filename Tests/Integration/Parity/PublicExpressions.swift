/// What people watch their Postgres with: the expressions of public rule collections and dashboards for postgres_exporter, as they stand
/// there, with their placeholders filled in.
struct PublicExpression {
    let source: String
    let name: String
    let expression: String
    /// How far apart the two answers may lie, as a ratio. Each is scraped at another instant.
    let tolerance: Double
    /// Why the two do not say the same; nil: they do.
    let reason: String?

    private init(_ source: String, _ name: String, _ expression: String, within tolerance: Double, but reason: String?) {
        self.source = source
        self.name = name
        self.expression = expression
        self.tolerance = tolerance
        self.reason = reason
    }

    private static func mixin(
        _ name: String, _ expression: String, within tolerance: Double = 0, but reason: String? = nil
    ) -> PublicExpression {
        PublicExpression("postgres_mixin", name, expression, within: tolerance, but: reason)
    }

    private static func awesome(
        _ name: String, _ expression: String, within tolerance: Double = 0, but reason: String? = nil
    ) -> PublicExpression {
        PublicExpression("awesome-prometheus-alerts", name, expression, within: tolerance, but: reason)
    }

    private static func dashboard(
        _ name: String, _ expression: String, within tolerance: Double = 0, but reason: String? = nil
    ) -> PublicExpression {
        PublicExpression("dashboards 455 and 9628", name, expression, within: tolerance, but: reason)
    }

    /// Each exporter leaves its own connection out and counts the other's.
    private static let connections = 0.5
    /// What both cause by asking.
    private static let traffic = 0.6

    static let all = alerts + rules + panels

    private static let alerts = [
        mixin(
            "PostgreSQLMaxConnectionsReached",
            """
            sum by (instance) (pg_stat_activity_count{}) >= sum by (instance) (pg_settings_max_connections{})
              - sum by (instance) (pg_settings_superuser_reserved_connections{})
            """, within: connections),
        mixin(
            "PostgreSQLHighConnections",
            """
            sum by (instance) (pg_stat_activity_count{}) > (sum by (instance) (pg_settings_max_connections{})
              - sum by (instance) (pg_settings_superuser_reserved_connections{})) * 0.8
            """, within: connections),
        mixin("PostgreSQLDown", "pg_up{} != 1"),
        mixin(
            "PostgreSQLSlowQueries",
            #"avg by (datname) (rate(pg_stat_activity_max_tx_duration{datname!~"template.*"}[2m])) > 2 * 60"#,
            but: "rate() of a gauge; and the average is over more series since activity has more labels (0.17)"),
        mixin(
            "PostgreSQLQPS",
            """
            avg by (datname) (irate(pg_stat_database_xact_commit{datname="shop"}[5m])
              + irate(pg_stat_database_xact_rollback{datname="shop"}[5m])) > 10000
            """, within: traffic),
        mixin(
            "PostgreSQLCacheHitRatio",
            """
            avg by (datname) (rate(pg_stat_database_blks_hit{datname="shop"}[5m]) / (rate(pg_stat_database_blks_hit{datname="shop"}[5m])
              + rate(pg_stat_database_blks_read{datname="shop"}[5m]))) < 0.98
            """, within: 0.05),
        mixin(
            "PostgresHasTooManyRollbacks",
            """
            avg without (pod, instance) (rate(pg_stat_database_xact_rollback{datname!~"template.*"}[5m])
              / (rate(pg_stat_database_xact_commit{datname!~"template.*"}[5m])
              + rate(pg_stat_database_xact_rollback{datname!~"template.*"}[5m]))) > 0.10
            """, within: 1, but: "0.11.1 has a series of no database (datid 0), HEAD and Vitals do not"),
        mixin(
            "PostgresHasHighDeadLocks",
            #"max without (pod, instance) (rate(pg_stat_database_deadlocks{datname=~"shop|postgres"}[5m]) * 60) > 5"#),
        mixin(
            "PostgresAcquiredTooManyLocks",
            """
            max by (server, job, datname, namespace) ((pg_locks_count{datname="shop"}) / on (instance, namespace) group_left (server)
              (pg_settings_max_locks_per_transaction{} * pg_settings_max_connections{})) > 0.20
            """, within: 1),
        mixin("PostgresXLOGConsumptionVeryLow", "rate(pg_xlog_position_bytes{}[5m]) < 200000"),
        mixin(
            "PostgresXLOGConsumptionVeryHigh",
            "rate(pg_xlog_position_bytes{}[2m]) > 36700160 and on (instance) (pg_replication_is_replica{} == 0)"),
        mixin("PostgresReplicationStopped", "pg_stat_replication_pg_xlog_location_diff{} != 0"),
        mixin(
            "PostgresReplicationLaggingMore1Hour",
            "(pg_replication_lag{} > 3600) and on (instance) (pg_replication_is_replica{} == 1)"),
        mixin("PostgresHasReplicationSlotUsed", "pg_replication_slots_active{} == 0"),
        mixin(
            "PostgresReplicationIsStale", #"pg_replication_slots_xmin_age{slot_name =~ "^repmgr_slot_[0-9]+"} > 20000"#),
        mixin(
            "PostgresReplicationRoleChanged",
            "pg_replication_is_replica{} and changes(pg_replication_is_replica{}[1m]) > 0",
            but: "0.11.1 has no pg_replication_is_replica"),
        mixin(
            "PostgresHasExporterErrors", "pg_exporter_last_scrape_error{} > 0",
            but: "the statements' question of the exporter's queries.yaml fails since Postgres 13"),
        mixin(
            "PostgresHasTooManyDeadTuples",
            """
            (sum without (relname) (pg_stat_user_tables_n_dead_tup{datname="shop"}) > 10000)
              / ((sum without (relname) (pg_stat_user_tables_n_live_tup{datname="shop"})
              + sum without (relname) (pg_stat_user_tables_n_dead_tup{datname="shop"})) > 0) >= 0.1
              unless on (instance) (pg_replication_is_replica{} == 1)
            """),
        mixin(
            "PostgresTablesNotVaccumed",
            """
            group without (pod, instance) (timestamp(pg_stat_user_tables_n_dead_tup{} > pg_stat_user_tables_n_live_tup{}
              * on (namespace, job, service, instance, server) group_left pg_settings_autovacuum_vacuum_scale_factor{}
              + on (namespace, job, service, instance, server) group_left pg_settings_autovacuum_vacuum_threshold{}) > 0)
            """),
        mixin(
            "PostgresTooManyCheckpointsRequested",
            """
            rate(pg_stat_bgwriter_checkpoints_timed_total{}[5m]) / (rate(pg_stat_bgwriter_checkpoints_timed_total{}[5m])
              + rate(pg_stat_bgwriter_checkpoints_req_total{}[5m])) < 0.5
            """),
    ]

    private static let rules = [
        awesome("PostgresqlDown", "pg_up == 0"),
        awesome("PostgresqlRestarted", "time() - pg_postmaster_start_time_seconds < 60", within: 0.1),
        awesome(
            "PostgresqlExporterError", "pg_exporter_last_scrape_error > 0",
            but: "the statements' question of the exporter's queries.yaml fails since Postgres 13"),
        awesome(
            "PostgresqlTableNotAutoVacuumed",
            """
            ((pg_stat_user_tables_n_tup_del + pg_stat_user_tables_n_tup_upd + pg_stat_user_tables_n_tup_hot_upd)
              > pg_settings_autovacuum_vacuum_threshold) and (time() - pg_stat_user_tables_last_autovacuum) > 60 * 60 * 24 * 10
            """),
        awesome(
            "PostgresqlTableNotAutoAnalyzed",
            """
            ((pg_stat_user_tables_n_tup_del + pg_stat_user_tables_n_tup_upd + pg_stat_user_tables_n_tup_hot_upd)
              > pg_settings_autovacuum_analyze_threshold) and (time() - pg_stat_user_tables_last_autoanalyze) > 24 * 60 * 60 * 10
            """),
        awesome(
            "dead tables, without the threshold of a setting", "pg_stat_user_tables_n_tup_del + pg_stat_user_tables_n_tup_upd"),
        awesome(
            "PostgresqlTooManyConnections",
            """
            sum by (instance, job, server) (pg_stat_activity_count)
              > min by (instance, job, server) (pg_settings_max_connections * 0.8)
            """, within: connections),
        awesome(
            "PostgresqlNotEnoughConnections",
            #"sum by (datname) (pg_stat_activity_count{datname!~"template.*|postgres"}) < 5"#, within: connections),
        awesome("PostgresqlDeadLocks", #"increase(pg_stat_database_deadlocks{datname!~"template.*|postgres|"}[1m]) > 5"#),
        awesome(
            "PostgresqlHighRollbackRate",
            """
            sum by (namespace,datname) ((rate(pg_stat_database_xact_rollback{datname!~"template.*|postgres",datid!="0"}[3m]))
              / ((rate(pg_stat_database_xact_rollback{datname!~"template.*|postgres",datid!="0"}[3m]))
              + (rate(pg_stat_database_xact_commit{datname!~"template.*|postgres",datid!="0"}[3m])))) > 0.02
            """, within: traffic),
        awesome(
            "PostgresqlCommitRateLow",
            #"increase(pg_stat_database_xact_commit{datname!~"template.*|postgres",datid!="0"}[5m]) < 5"#, within: traffic),
        awesome("PostgresqlLowXidConsumption", "rate(pg_txid_current[1m]) < 5"),
        awesome("PostgresqlHighRateStatementTimeout", #"rate(postgresql_errors_total{type="statement_timeout"}[1m]) > 3"#),
        awesome("PostgresqlUnusedReplicationSlot", "pg_replication_slots_active == 0"),
        awesome(
            "PostgresqlTooManyDeadTuples",
            """
            ((pg_stat_user_tables_n_dead_tup > 10000)
              / (pg_stat_user_tables_n_live_tup + pg_stat_user_tables_n_dead_tup)) >= 0.1
            """),
        awesome("PostgresqlSslCompressionActive", "sum(pg_stat_ssl_compression) > 0"),
        awesome(
            "PostgresqlTooManyLocksAcquired",
            "((sum (pg_locks_count)) / (pg_settings_max_locks_per_transaction * pg_settings_max_connections)) > 0.20", within: 1),
        awesome(
            "PostgresqlBloatTableHigh", "pg_bloat_table_bloat_pct > 80 and on (relname) (pg_bloat_table_real_size > 200000000)"),
        awesome("PostgresqlInvalidIndex", #"pg_general_index_info_pg_relation_size{indexrelname=~".*ccnew.*"}"#),
        awesome("PostgresqlReplicationLag", "pg_replication_lag > 30 and ON(instance) pg_replication_is_replica == 1"),
        awesome(
            "PostgresqlConfigurationChanged",
            """
            {__name__=~"pg_settings_.*",__name__!="pg_settings_extra_float_digits"} != ON(__name__, instance)
              {__name__=~"pg_settings_.*",__name__!="pg_settings_extra_float_digits"} OFFSET 5s
            """),
    ]

    private static let panels =
        ["tup_fetched", "tup_returned", "tup_inserted", "tup_updated", "tup_deleted"].map {
            dashboard($0, #"sum(irate(pg_stat_database_\#($0){datname=~"shop"}[5m]))"#, within: 2)
        }
        + ["buffers_alloc", "buffers_backend_fsync", "buffers_backend", "buffers_clean", "buffers_checkpoint"].map {
            dashboard($0, "irate(pg_stat_bgwriter_\($0)_total[5m])", within: 2)
        } + [
            dashboard(
                "QPS",
                """
                sum(irate(pg_stat_database_xact_commit{datname=~"shop"}[5m])) + sum(irate(pg_stat_database_xact_rollback{datname=~"shop"}[5m]))
                """, within: traffic),
            dashboard(
                "Conflicts", #"sum(rate(pg_stat_database_deadlocks[5m])) + sum(rate(pg_stat_database_conflicts[5m]))"#),
            dashboard(
                "Cache hit ratio",
                """
                sum(pg_stat_database_blks_hit{datname=~"shop"})
                  / (sum(pg_stat_database_blks_hit{datname=~"shop"}) + sum(pg_stat_database_blks_read{datname=~"shop"}))
                """, within: 0.01),
            dashboard("Connections", #"pg_stat_database_numbackends{datname=~"shop|postgres"}"#, within: 1),
            dashboard("Version", #"pg_static{release="", instance="db"}"#),
            dashboard("Start time", #"pg_postmaster_start_time_seconds{release="", instance="db"} * 1000"#, within: 1e-6),
            dashboard("Sessions", #"sum by (datname, state) (pg_stat_activity_count{state="idle in transaction"})"#),
            dashboard(
                "Longest transaction", #"max by (datname, state) (pg_stat_activity_max_tx_duration{datname="shop"}) > 5"#,
                within: 0.2),
            dashboard("Max connections", #"pg_settings_max_connections{release="", instance="db"}"#),
            dashboard("Shared buffers", "pg_settings_shared_buffers_bytes"),
            dashboard("Effective cache", "pg_settings_effective_cache_size_bytes"),
            dashboard("Maintenance work mem", "pg_settings_maintenance_work_mem_bytes"),
            dashboard("Work mem", "pg_settings_work_mem_bytes"), dashboard("Max WAL size", "pg_settings_max_wal_size_bytes"),
            dashboard("Random page cost", "pg_settings_random_page_cost"),
            dashboard("Worker processes", "pg_settings_max_worker_processes + pg_settings_max_parallel_workers"),
            dashboard("Lock tables", #"pg_locks_count{datname="shop", mode="sharelock"}"#),
            dashboard("Database size", #"pg_database_size_bytes{datname=~"postgres|shop"}"#, within: 0.05),
            dashboard("Temp files", #"irate(pg_stat_database_temp_bytes{datname=~"postgres|shop"}[5m])"#),
            dashboard("Checkpoint write time", "irate(pg_stat_bgwriter_checkpoint_write_time_total[5m])", within: 2),
            dashboard("Slots", #"pg_replication_slots_pg_wal_lsn_diff{slot_name="standby"} >= 0"#, within: 1),
            dashboard("Archiver", "pg_stat_archiver_failed_count + pg_stat_archiver_archived_count"),
        ]
}
