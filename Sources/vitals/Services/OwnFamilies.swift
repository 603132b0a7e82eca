import MetricsModel

/// What Vitals says about itself, beside sampling (`SamplingMetrics`) and HTTP.
enum OwnFamilies {
    static let buildInfo = Family(
        "vitals_build_info", .gauge, labels: ["version", "swift_version"],
        help: "1, with what was built as labels.")

    static let storeSeries = Family(
        "vitals_store_series", .gauge,
        help: "Series in the local store. Measured by Vitals.")
    static let storeSamples = Family(
        "vitals_store_samples", .gauge,
        help: "Samples in the local store. Measured by Vitals.")
    static let storeBytes = Family(
        "vitals_store_bytes", .gauge,
        help: "Memory taken by the samples of the local store. Measured by Vitals.")
    static let storeRetention = Family(
        "vitals_store_retention_seconds", .gauge,
        help: "For how long the local store keeps samples.")
    static let storeLogFailures = Family(
        "vitals_store_log_failures_total", .counter,
        help: "Batches of samples that are in memory only because the log did not take them: disk full, or its limit.")
    static let storeRefused = Family(
        "vitals_store_samples_refused_total", .counter, labels: ["reason"],
        help: "Samples that the local store did not take: out of order, duplicate, or of a new series past its limit.")

    static let ruleEvaluations = Family(
        "vitals_rule_evaluations_total", .counter, labels: ["rule_group"],
        help: "Evaluations of rules. Counted by Vitals.")
    static let ruleFailures = Family(
        "vitals_rule_evaluation_failures_total", .counter, labels: ["rule_group"],
        help: "Evaluations of rules that failed; the alerts keep their state. Counted by Vitals.")
    static let ruleDuration = Family(
        "vitals_rule_group_last_duration_seconds", .gauge, labels: ["rule_group"],
        help: "How long the group's last evaluation took. Measured by Vitals.")
    static let ruleTimestamp = Family(
        "vitals_rule_group_last_evaluation_timestamp_seconds", .gauge, labels: ["rule_group"],
        help: "When the group was last evaluated, in Unix time. Measured by Vitals.")
    static let ruleMissed = Family(
        "vitals_rule_group_iterations_missed_total", .counter, labels: ["rule_group"],
        help: "Evaluations left out because an earlier one took too long. Counted by Vitals.")
    static let ruleMatchesNoSeries = Family(
        "vitals_rule_matches_no_series", .gauge, labels: ["rule_group"],
        help: "Rules that cannot have a result because no series applies to a selector that they need. Counted by Vitals.")
    static let ruleReach = Family(
        "vitals_rules_reach_seconds", .gauge,
        help: "How far back the loaded rules look; beyond vitals_store_retention_seconds they see less than they ask for.")
    static let alerts = Family(
        "vitals_alerts", .gauge, labels: ["alertname", "severity", "state"],
        help: "Alerts that the local rules have pending or firing. Counted by Vitals.")

    static let alertsKept = Family(
        "vitals_alerts_kept", .gauge,
        help: "Alerts that keep their state because the target behind them does not answer. Counted by Vitals.")

    static let notificationsSent = Family(
        "vitals_notifications_sent_total", .counter, labels: ["receiver"],
        help: "Notifications that the receiver took. Counted by Vitals.")
    static let notificationsFailed = Family(
        "vitals_notifications_failed_total", .counter, labels: ["receiver", "reason"],
        help: "Deliveries that failed; those that can be repeated are. Counted by Vitals.")
    static let notificationsDropped = Family(
        "vitals_notifications_dropped_total", .counter, labels: ["receiver"],
        help: "Notifications given up: refused by the receiver, or the oldest of a full queue. Counted by Vitals.")
    static let notificationsQueued = Family(
        "vitals_notifications_queue_length", .gauge, labels: ["receiver"],
        help: "Notifications that wait for the receiver. Counted by Vitals.")
    static let notificationsCapacity = Family(
        "vitals_notifications_queue_capacity", .gauge, labels: ["receiver"],
        help: "How many notifications may wait for the receiver.")
    static let notificationsLastSuccess = Family(
        "vitals_notifications_last_success_timestamp_seconds", .gauge, labels: ["receiver"],
        help: "When the receiver last took a notification, in Unix time. Measured by Vitals.")

    static let alertsSuppressed = Family(
        "vitals_alerts_suppressed", .gauge, labels: ["reason"],
        help: "Firing alerts of which the receivers behind routes are not told: muted by somebody, or inhibited by another alert."
    )
    static let mutes = Family(
        "vitals_mutes", .gauge, labels: ["state"],
        help: "Mutes that hold (active) or will (pending). Counted by Vitals.")
    static let heartbeatPings = Family(
        "vitals_heartbeat_pings_total", .counter, labels: ["heartbeat", "result"],
        help: "Pings of dead man's switches, each with its repetitions. Counted by Vitals.")
    static let heartbeatLastSuccess = Family(
        "vitals_heartbeat_last_success_timestamp_seconds", .gauge, labels: ["heartbeat"],
        help: "When the dead man's switch last took a ping, in Unix time. Measured by Vitals.")

    static let rowsWritten = Family(
        "vitals_records_written_total", .counter,
        help: "Rows written to system_health. Counted by Vitals.")
    static let rowsSpooled = Family(
        "vitals_records_spooled", .gauge,
        help: "Rows that wait in the storage path for Postgres. Counted by Vitals.")
    static let rowsFailed = Family(
        "vitals_records_failed_total", .counter,
        help: "Attempts to write rows that failed. Counted by Vitals.")
    static let rowsDropped = Family(
        "vitals_records_dropped_total", .counter,
        help: "Rows given up: the oldest of a full spool. Counted by Vitals.")
    static let rowsLastWrite = Family(
        "vitals_records_last_write_timestamp_seconds", .gauge,
        help: "When a row was last written to system_health, in Unix time. Measured by Vitals.")

    static let reloadSuccessful = Family(
        "vitals_config_last_reload_successful", .gauge,
        help: "Whether the last reload of the configuration was taken (1).")
    static let reloadTimestamp = Family(
        "vitals_config_last_reload_success_timestamp_seconds", .gauge,
        help: "When a configuration was last taken, in Unix time.")
    static let storageFree = Family(
        "vitals_storage_free_bytes", .gauge,
        help: "Free space of the storage path's file system, from statvfs.")
}
