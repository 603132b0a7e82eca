extension PostgresCollectorSwitch {
    /// How far standbys are behind, seen from both sides.
    ///
    /// The sender's `write_lag`, `flush_lag` and `replay_lag` are NULL when a standby has caught up, and stand still when it falls
    /// silent (manual: "28.2.4 pg_stat_replication"); a standby's `now() - pg_last_xact_replay_timestamp()` grows on an idle primary,
    /// and comparing what was received with what was replayed says 0 when nothing is received any more.
    static let replicationLag = PostgresCollectorSwitch(
        "replication_lag",
        [
            Question(
                "replication_lag", name: "replication_lag.sender",
                columns: [
                    .label("application_name"), .label("client_addr"), .label("slot_name"), .label("stage"), .label("state"),
                    .label("sync_state"),
                    .gauge(
                        "bytes", "pg_replication_standby_lag_bytes",
                        "Bytes of the write-ahead log that a receiver has not been sent, has not written, flushed or replayed. From pg_stat_replication.",
                        labels: ["application_name", "client_addr", "slot_name", "stage"]),
                    .gauge(
                        "seconds", "pg_replication_standby_lag_seconds",
                        "How long ago what a receiver has just written, flushed or replayed was written here, 0 when it has caught up; the time since its last answer when it is silent. From pg_stat_replication.",
                        labels: ["application_name", "client_addr", "slot_name", "stage"]),
                    .gauge(
                        "senders", "pg_replication_standbys",
                        "Receivers of the write-ahead log by state. From pg_stat_replication.",
                        labels: ["state", "sync_state"]),
                ]
            ) { _ in
                // NULL means 0 only for who has caught up; somebody who has just begun to catch up has no lag yet.
                // The primary asks a silent receiver for an answer after half of wal_sender_timeout, 30 seconds as shipped.
                """
                WITH senders AS MATERIALIZED (
                    SELECT coalesce(r.application_name, '') AS application_name, coalesce(host(r.client_addr), 'local') AS client_addr,
                        coalesce(s.slot_name::text, '') AS slot_name, r.state, r.sync_state, r.sent_lsn, r.write_lsn, r.flush_lsn,
                        r.replay_lsn, r.write_lag, r.flush_lag, r.replay_lag,
                        CASE WHEN clock_timestamp() - r.reply_time > interval '35 seconds'
                            THEN clock_timestamp() - r.reply_time END AS silence,
                        CASE WHEN pg_is_in_recovery() THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
                            ELSE pg_current_wal_flush_lsn() END AS here
                    FROM pg_stat_replication r LEFT JOIN pg_replication_slots s ON s.active_pid = r.pid
                    WHERE r.state IS DISTINCT FROM 'backup'
                )
                SELECT application_name, client_addr, slot_name, stage, NULL AS state, NULL AS sync_state,
                    max(greatest(here - lsn, 0))::float8 AS bytes,
                    CASE WHEN stage <> 'sent' THEN max(CASE WHEN lsn >= here THEN 0 WHEN lsn IS NOT NULL
                        THEN extract(epoch FROM greatest(lag, silence)) END) END::float8 AS seconds, NULL::int8 AS senders
                FROM senders CROSS JOIN LATERAL (VALUES ('sent', sent_lsn, NULL::interval), ('write', write_lsn, write_lag),
                    ('flush', flush_lsn, flush_lag), ('replay', replay_lsn, replay_lag)) AS stages(stage, lsn, lag)
                GROUP BY application_name, client_addr, slot_name, stage
                UNION ALL
                SELECT NULL, NULL, NULL, NULL, coalesce(state, ''), coalesce(sync_state, ''), NULL, NULL, count(*)
                FROM senders GROUP BY state, sync_state
                """
            },
            Question(
                "replication_lag", name: "replication_lag.standby", when: [.standby],
                columns: [
                    .gauge(
                        "lag", "pg_standby_lag_seconds",
                        "How old the data are: 0 when everything received is replayed and the receiver is alive, else the time since the last replayed commit, or since the last message of a silent primary."
                    ),
                    .gauge(
                        "backlog", "pg_standby_replay_backlog_bytes",
                        "Bytes received and not replayed yet. From pg_last_wal_receive_lsn() and pg_last_wal_replay_lsn()."),
                    .gauge(
                        "paused", "pg_standby_replay_paused",
                        "Whether replay is paused (1) or not (0). From pg_is_wal_replay_paused()."),
                    .gauge(
                        "receiver", "pg_wal_receiver_up",
                        "Whether the receiver streams from a primary (1) or not (0); absent without primary_conninfo. From pg_stat_wal_receiver."
                    ),
                    .gauge(
                        "message_age", "pg_wal_receiver_last_message_age_seconds",
                        "Time since the primary's last message; an idle one sends one every 30 seconds. From pg_stat_wal_receiver."
                    ),
                ]
            ) { _ in
                // Between a promotion and the moment in which it is noticed there are no rows.
                // A receiver that tries to connect has a row too, with a time that is no message's.
                // An idle primary is asked for a message after half of wal_receiver_timeout; 0 means that nobody asks.
                """
                SELECT CASE WHEN is_alive AND silence < patience AND received <= replayed THEN 0
                        WHEN is_alive AND received <= replayed THEN silence
                        ELSE age END AS lag,
                    greatest(received - replayed, 0)::float8 AS backlog, paused,
                    CASE WHEN is_expected OR is_alive THEN is_alive END AS receiver,
                    CASE WHEN is_alive THEN silence END AS message_age
                FROM (
                    SELECT coalesce(r.pid IS NOT NULL AND coalesce(r.status, 'streaming') = 'streaming', false) AS is_alive,
                        greatest(extract(epoch FROM clock_timestamp() - r.last_msg_receipt_time), 0)::float8 AS silence,
                        CASE WHEN t.timeout = 0 THEN 'Infinity' ELSE t.timeout / 2000 + 10 END::float8 AS patience,
                        coalesce(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) AS received,
                        pg_last_wal_replay_lsn() AS replayed,
                        greatest(extract(epoch FROM clock_timestamp()
                            - coalesce(pg_last_xact_replay_timestamp(), pg_postmaster_start_time())), 0)::float8 AS age,
                        coalesce(c.is_set, true) AS is_expected,
                        CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() END AS paused
                    FROM (SELECT max(setting::float8) FILTER (WHERE name = 'wal_receiver_timeout') AS timeout
                        FROM pg_settings WHERE name = 'wal_receiver_timeout') t
                    CROSS JOIN (SELECT bool_or(setting <> '') AS is_set FROM pg_settings WHERE name = 'primary_conninfo') c
                    LEFT JOIN pg_stat_wal_receiver r ON true
                    WHERE pg_is_in_recovery()
                ) s
                """
            },
        ])

    /// What decoding for logical slots costs, and how long slots have been without a consumer. Manual: "28.2.5
    /// pg_stat_replication_slots".
    static let replicationSlotStatistics = PostgresCollectorSwitch(
        "stat_replication_slots",
        [
            Question(
                "stat_replication_slots", when: [.since(140_000)],
                columns: [
                    .label("slot_name"),
                    .counter(
                        "spill_txns", "pg_stat_replication_slots_spill_txns_total",
                        "Transactions spilled to disk in decoding. From pg_stat_replication_slots."),
                    .counter(
                        "spill_count", "pg_stat_replication_slots_spills_total",
                        "Times that transactions were spilled to disk. From pg_stat_replication_slots."),
                    .counter(
                        "spill_bytes", "pg_stat_replication_slots_spill_bytes_total",
                        "Bytes spilled to disk in decoding. From pg_stat_replication_slots."),
                    .counter(
                        "stream_txns", "pg_stat_replication_slots_stream_txns_total",
                        "Transactions streamed while in progress. From pg_stat_replication_slots."),
                    .counter(
                        "stream_bytes", "pg_stat_replication_slots_stream_bytes_total",
                        "Bytes streamed of transactions in progress. From pg_stat_replication_slots."),
                    .counter(
                        "total_txns", "pg_stat_replication_slots_txns_total",
                        "Transactions sent to the output plugin. From pg_stat_replication_slots."),
                    .counter(
                        "total_bytes", "pg_stat_replication_slots_bytes_total",
                        "Bytes decoded for the output plugin. From pg_stat_replication_slots."),
                    .gauge(
                        "inactive", "pg_replication_slots_inactive_seconds",
                        "How long a slot has had no consumer, 0 with one; from 17 on. From pg_replication_slots."),
                    .gauge(
                        "conflicting", "pg_replication_slots_conflicting",
                        "Whether a logical slot is invalid after a conflict with recovery (1) or not (0); from 16 on. From pg_replication_slots."
                    ),
                ]
            ) { context in
                let inactive =
                    context.version >= 170_000
                    ? """
                    , CASE WHEN s.active THEN 0
                        ELSE extract(epoch FROM clock_timestamp() - s.inactive_since) END::float8 AS inactive
                    """ : ""
                return """
                    SELECT s.slot_name, t.spill_txns, t.spill_count, t.spill_bytes, t.stream_txns, t.stream_bytes, t.total_txns,
                        t.total_bytes\(inactive)\(context.version >= 160_000 ? ", s.conflicting" : "")
                    FROM pg_replication_slots s LEFT JOIN pg_stat_replication_slots t ON t.slot_name = s.slot_name
                    """
            }
        ])

    /// Manual: "28.2.8 pg_stat_subscription", "28.2.9 pg_stat_subscription_stats".
    static let subscriptions = PostgresCollectorSwitch(
        "stat_subscription",
        [
            Question(
                "stat_subscription",
                columns: [
                    .label("datname"), .label("subname"),
                    .gauge(
                        "enabled", "pg_subscription_enabled",
                        "Whether a subscription is enabled (1) or not (0). From pg_subscription."),
                    .gauge(
                        "worker", "pg_subscription_worker_up",
                        "Whether a subscription's apply worker runs (1) or not (0). From pg_stat_subscription."),
                    .gauge(
                        "sync_workers", "pg_subscription_sync_workers",
                        "Workers that copy tables of a subscription. From pg_stat_subscription."),
                    .counter(
                        "received", "pg_stat_subscription_received_bytes_total",
                        "The last position received in the publisher's write-ahead log, in bytes from its beginning. From pg_stat_subscription."
                    ),
                    .gauge(
                        "message_age", "pg_stat_subscription_last_message_age_seconds",
                        "Time since the publisher's last message. From pg_stat_subscription."),
                    .counter(
                        "apply_error_count", "pg_stat_subscription_apply_errors_total",
                        "Errors in applying changes; from 15 on. From pg_stat_subscription_stats."),
                    .counter(
                        "sync_error_count", "pg_stat_subscription_sync_errors_total",
                        "Errors in copying tables; from 15 on. From pg_stat_subscription_stats."),
                    .counter(
                        "conflicts", "pg_stat_subscription_conflicts_total",
                        "Conflicts of any kind in applying changes; from 18 on. From pg_stat_subscription_stats."),
                ]
            ) { context in
                let errors =
                    context.version >= 150_000
                    ? ", max(e.apply_error_count) AS apply_error_count, max(e.sync_error_count) AS sync_error_count" : ""
                let conflicts =
                    context.version >= 180_000
                    ? """
                    , max(e.confl_insert_exists + e.confl_update_origin_differs + e.confl_update_exists + e.confl_update_missing
                        + e.confl_delete_origin_differs + e.confl_delete_missing + e.confl_multiple_unique_conflicts) AS conflicts
                    """ : ""
                let join = context.version >= 150_000 ? "LEFT JOIN pg_stat_subscription_stats e ON e.subid = s.oid" : ""
                // On 13 only a superuser may read the column oid.
                let worker = context.version >= 140_000 ? "w.subid = s.oid" : "w.subname = s.subname"
                let leader = context.version >= 160_000 ? " AND w.leader_pid IS NULL" : ""
                return """
                    SELECT d.datname, s.subname, s.subenabled AS enabled,
                        count(w.pid) FILTER (WHERE w.relid IS NULL\(leader)) > 0 AS worker,
                        count(w.pid) FILTER (WHERE w.relid IS NOT NULL) AS sync_workers,
                        max(w.received_lsn) FILTER (WHERE w.relid IS NULL) - '0/0' AS received,
                        extract(epoch FROM clock_timestamp() - max(w.last_msg_receipt_time) FILTER (WHERE w.relid IS NULL))
                            AS message_age\(errors)\(conflicts)
                    FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid
                    LEFT JOIN pg_stat_subscription w ON \(worker) \(join)
                    GROUP BY d.datname, s.subname, s.subenabled
                    """
            },
            Question(
                "stat_subscription", name: "stat_subscription.tables", scope: .database, every: .minute,
                columns: [
                    .label("datname"), .label("subname"), .label("state"),
                    .gauge(
                        "tables", "pg_subscription_tables",
                        "Tables of a subscription by state: initialize, data_copy, finished_copy, synchronized, ready. From pg_subscription_rel."
                    ),
                ]
            ) { context in
                let subscriptions =
                    context.version >= 140_000
                    ? "pg_subscription s ON s.oid" : "(SELECT DISTINCT subid, subname FROM pg_stat_subscription) s ON s.subid"
                return """
                    SELECT current_database() AS datname, s.subname, CASE r.srsubstate WHEN 'i' THEN 'initialize' WHEN 'd' THEN 'data_copy'
                        WHEN 'f' THEN 'finished_copy' WHEN 's' THEN 'synchronized' WHEN 'r' THEN 'ready' ELSE 'other' END AS state,
                        count(*) AS tables
                    FROM pg_subscription_rel r JOIN \(subscriptions) = r.srsubid
                    GROUP BY s.subname, r.srsubstate
                    """
            },
        ])
}
