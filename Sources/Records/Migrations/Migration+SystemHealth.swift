extension Migration {
    /// The table `system_health`. `gen_random_uuid()` is in the core since Postgres 13.
    static let systemHealth = Migration(
        version: 1, name: "system_health",
        up: [
            """
            CREATE TABLE system_health (
              id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
              "timestamp" TIMESTAMPTZ NOT NULL DEFAULT now(),
              db_connections_active INTEGER,
              db_connections_idle INTEGER,
              db_size_mb DECIMAL(10,2),
              largest_tables JSONB,
              avg_query_time_ms DECIMAL(10,2),
              slow_queries_count INTEGER,
              cache_hit_rate DECIMAL(5,2),
              pending_jobs INTEGER,
              failed_jobs INTEGER,
              errors_last_hour INTEGER,
              metrics JSONB DEFAULT '{}'
            )
            """,
            #"CREATE INDEX idx_system_health_timestamp ON system_health ("timestamp" DESC)"#,
            "COMMENT ON TABLE system_health IS 'The state of the system, a row per recording interval of Vitals and per call of check_system_health(). A value that could not be read is NULL, never 0. Rows beyond the retention are deleted by Vitals.'",
            #"COMMENT ON COLUMN system_health."timestamp" IS 'When the values were read.'"#,
            "COMMENT ON COLUMN system_health.db_connections_active IS 'Sessions of this database that run a statement.'",
            "COMMENT ON COLUMN system_health.db_connections_idle IS 'Sessions of this database that wait for a statement, outside a transaction.'",
            "COMMENT ON COLUMN system_health.db_size_mb IS 'Size of this database in units of 1,048,576 bytes. A size beyond 99,999,999.99 (100 TB) is stored as 99,999,999.99.'",
            "COMMENT ON COLUMN system_health.largest_tables IS 'Table -> bytes with indexes and TOAST, the largest ones. Outside schema public the name is schema.table.'",
            "COMMENT ON COLUMN system_health.avg_query_time_ms IS 'Mean execution time in milliseconds: over the sampling window in rows of Vitals, since the reset of pg_stat_statements in rows of check_system_health(). At most 99,999,999.99.'",
            "COMMENT ON COLUMN system_health.slow_queries_count IS 'Statements that had run for longer than the threshold (100 ms unless configured) at that instant.'",
            "COMMENT ON COLUMN system_health.cache_hit_rate IS 'Percent, 0 to 100: Redis hits of all look-ups in the sampling window. The metric cache_hit_rate is a ratio, 0 to 1.'",
            "COMMENT ON COLUMN system_health.pending_jobs IS 'Waiting jobs of all configured queues.'",
            "COMMENT ON COLUMN system_health.failed_jobs IS 'Failed jobs of all configured queues.'",
            "COMMENT ON COLUMN system_health.errors_last_hour IS 'Events of audit_logs without success in the last hour.'",
            "COMMENT ON COLUMN system_health.metrics IS 'Other numbers of that instant by name; source says who wrote the row.'",
        ],
        down: ["DROP TABLE system_health"])
}
