extension PostgresCollectorSwitch {
    /// How far a standby is behind. It is 0 only while a receiver lives and everything that it received is replayed; the peer's is 0 also
    /// when the receiver is dead. Without a receiver it is the age of the last transaction replayed, which grows until one is there again.
    /// Nothing replayed yet: no sample.
    static let replication = PostgresCollectorSwitch(
        "replication",
        [
            Question(
                "replication",
                columns: [
                    .gauge(
                        "lag", "pg_replication_lag_seconds",
                        "Seconds that a standby is behind, 0 on a primary. From pg_last_xact_replay_timestamp(), pg_stat_wal_receiver."
                    ),
                    .gauge(
                        "same_lag", "pg_replication_lag",
                        "The same as pg_replication_lag_seconds, under the name of postgres_exporter's queries.yaml."),
                    .gauge("replica", "pg_replication_is_replica", "Whether the server is a standby. From pg_is_in_recovery()."),
                    .gauge(
                        "replay", "pg_replication_last_replay_seconds",
                        "Age of the last transaction replayed, 0 on a primary. From pg_last_xact_replay_timestamp()."),
                ]
            ) { _ in
                """
                SELECT lag, lag AS same_lag, replica, replay FROM (
                    SELECT replica, CASE WHEN replica THEN replay ELSE 0 END AS replay,
                        CASE WHEN NOT replica OR streaming AND received = replayed THEN 0 ELSE replay END AS lag
                    FROM (
                        SELECT pg_is_in_recovery() AS replica, pg_last_wal_receive_lsn() AS received,
                            pg_last_wal_replay_lsn() AS replayed,
                            CASE WHEN pg_last_xact_replay_timestamp() IS NOT NULL
                                THEN greatest(0, extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()))
                                END AS replay,
                            EXISTS (SELECT FROM pg_stat_wal_receiver WHERE coalesce(status, 'streaming') = 'streaming') AS streaming
                    ) read
                ) r
                """
            }
        ])

    static let replicationSlots = PostgresCollectorSwitch(
        "replication_slots",
        [
            Question(
                "replication_slots",
                columns: [
                    .label("slot_name"), .label("database"), .label("slot_type"), .label("wal_status"),
                    slot(
                        "active", "active", "Whether somebody streams from the slot. From pg_replication_slots.active.",
                        slotDatabase),
                    slot(
                        "behind", "pg_wal_lsn_diff",
                        "Bytes of WAL that the slot holds back. From pg_replication_slots.restart_lsn.", slotDatabase),
                    slot(
                        "current", "slot_current_wal_lsn",
                        "The server's position in the WAL in bytes. From pg_current_wal_lsn() or pg_last_wal_receive_lsn().",
                        slotType),
                    slot(
                        "flushed", "slot_confirmed_flush_lsn",
                        "Up to where the consumer of an active slot has all, in bytes. From pg_replication_slots.confirmed_flush_lsn.",
                        slotType),
                    slot(
                        "is_active", "slot_is_active",
                        "Whether somebody streams from the slot. From pg_replication_slots.active.",
                        slotType),
                    slot(
                        "safe", "safe_wal_size_bytes",
                        "Bytes of WAL until the slot is in danger of being lost. From pg_replication_slots.safe_wal_size.",
                        slotType),
                    slot(
                        "status", "wal_status",
                        "The slot's wal_status as a label, value 1. From pg_replication_slots.wal_status.",
                        slotType + ["wal_status"]),
                ]
            ) { _ in
                """
                SELECT slot_name, database, slot_type, wal_status, active, active AS is_active,
                    pg_wal_lsn_diff(position, restart_lsn) AS behind, position - '0/0' AS current,
                    CASE WHEN active THEN coalesce(confirmed_flush_lsn, '0/0') - '0/0' END AS flushed, safe_wal_size AS safe,
                    CASE WHEN wal_status IS NOT NULL THEN 1 END AS status
                FROM pg_replication_slots, \(position)
                """
            }
        ])

    private static let slotDatabase = ["slot_name", "database"]
    private static let slotType = ["slot_name", "slot_type"]
    private static let position = """
        (SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END AS position) AS here
        """

    private static func slot(_ column: String, _ name: String, _ help: String, _ labels: [String]) -> ColumnDraft {
        .gauge(column, "pg_replication_slots_\(name)", help, labels: labels)
    }

    static let statReplication = PostgresCollectorSwitch(
        "stat_replication",
        [
            Question(
                "stat_replication", seriesMax: 10_000,
                columns: [
                    .label("application_name"), .label("client_addr"), .label("state"), .label("slot_name"), .label("pid"),
                    .gauge(
                        "current", "pg_stat_replication_pg_current_wal_lsn_bytes",
                        "The server's position in the WAL in bytes. From pg_current_wal_lsn() or pg_last_wal_receive_lsn()."),
                    .gauge(
                        "behind", "pg_stat_replication_pg_wal_lsn_diff",
                        "Bytes of WAL that the receiver has not replayed. From pg_stat_replication.replay_lsn."),
                ]
            ) { _ in
                """
                SELECT r.application_name, host(r.client_addr) AS client_addr, r.state, s.slot_name, r.pid,
                    position - '0/0' AS current, pg_wal_lsn_diff(position, r.replay_lsn) AS behind
                FROM \(position), pg_stat_replication r LEFT JOIN pg_replication_slots s ON s.active_pid = r.pid
                """
            }
        ])

    /// Positions are modulo 2⁵², as the peer's: a Double counts them one by one.
    static let statWALReceiver = PostgresCollectorSwitch(
        "stat_wal_receiver", isOn: false,
        [
            Question(
                "stat_wal_receiver",
                columns: [
                    .label("upstream_host"), .label("slot_name"), .label("status"),
                    .counter(
                        "start_lsn", "pg_stat_wal_receiver_receive_start_lsn",
                        receiver("Position at its start", "receive_start_lsn")),
                    .gauge(
                        "start_tli", "pg_stat_wal_receiver_receive_start_tli",
                        receiver("Timeline at its start", "receive_start_tli")),
                    .counter(
                        "flushed", "pg_stat_wal_receiver_flushed_lsn", receiver("Position received and on disk", "flushed_lsn")),
                    .gauge("tli", "pg_stat_wal_receiver_received_tli", receiver("Timeline of that position", "received_tli")),
                    .gauge(
                        "sent", "pg_stat_wal_receiver_last_msg_send_time",
                        receiver("When the last message was sent, Unix time by the sender's clock", "last_msg_send_time")),
                    .gauge(
                        "got", "pg_stat_wal_receiver_last_msg_receipt_time",
                        receiver("When it was received, Unix time", "last_msg_receipt_time")),
                    .counter(
                        "end_lsn", "pg_stat_wal_receiver_latest_end_lsn",
                        receiver("Position last reported to the sender", "latest_end_lsn")),
                    .gauge(
                        "end_time", "pg_stat_wal_receiver_latest_end_time",
                        receiver("When it was reported, Unix time", "latest_end_time")),
                    .gauge(
                        "node", "pg_stat_wal_receiver_upstream_node",
                        "The sender's node number, from a slot's name as repmgr gives it. From pg_stat_wal_receiver.slot_name."),
                ]
            ) { _ in
                """
                SELECT coalesce(sender_host, '') AS upstream_host, coalesce(slot_name, '') AS slot_name, status,
                    (receive_start_lsn - '0/0') % 4503599627370496 AS start_lsn, receive_start_tli AS start_tli,
                    (flushed_lsn - '0/0') % 4503599627370496 AS flushed, received_tli AS tli,
                    extract(epoch FROM last_msg_send_time) AS sent, extract(epoch FROM last_msg_receipt_time) AS got,
                    (latest_end_lsn - '0/0') % 4503599627370496 AS end_lsn, extract(epoch FROM latest_end_time) AS end_time,
                    substring(slot_name FROM 'repmgr_slot_([0-9]+)') AS node
                FROM pg_stat_wal_receiver
                """
            }
        ])

    private static func receiver(_ what: String, _ column: String) -> String {
        "\(what). From pg_stat_wal_receiver.\(column)."
    }
}
