import MetricsModel
import Receivers
import Sampling

/// All that can be configured, with the defaults that hold without a file.
struct Configuration: Sendable {
    var targets: [TargetConfiguration] = []
    var sample = SampleConfiguration()
    /// Paths and globs, relative to the configuration file's folder.
    var ruleFiles: [String] = []
    var records = RecordsConfiguration()
    var alerting = AlertingConfiguration()
    var queues: [QueueConfiguration] = []
    var queries: [QueryConfiguration] = []
    /// Files of collectors for every Postgres target.
    var collectorFiles: [FilePattern] = []
    /// Switched in the file, and no shipped collector of the kind: collectors of the user's files may be meant.
    var unknownCollectors: [(name: String, finding: Finding)] = []
    var thresholds = ThresholdConfiguration()
    var statements = StatementConfiguration()

    struct SampleConfiguration: Sendable, Equatable {
        /// How often the timer samples, for the rules and the rows.
        var interval: Duration = .seconds(15)
        /// How long a scrape shares the last sample.
        var maxAge: Duration = .seconds(1)
    }

    struct RecordsConfiguration: Sendable, Equatable {
        var interval: Duration = .seconds(60)
        var retention: Duration = .seconds(30 * 86_400)
        /// The Postgres target that holds the rows; nil means the first.
        var target: String?
    }

    /// One queue to watch in Redis.
    struct QueueConfiguration: Sendable, Equatable {
        var name: String
        var type: String
        var key: String
        var failedKey: String?
        var activeKey: String?
        var database: Int
        var target: String?
    }

    /// One business query.
    struct QueryConfiguration: Sendable, Equatable {
        var name: String
        var help: String
        var type: MetricType
        var sql: String
        var labels: [String]
        var valueColumn: String?
        var target: String?
    }

    /// What people see of `pg_stat_statements`.
    struct StatementConfiguration: Sendable, Equatable {
        /// Texts without literals on `/statements` and in its API, and the queries that run now.
        var text = false
        /// Their beginnings as a label of `pg_stat_statements_query_id`.
        var queryLabel = false
        var textMemoryBytes = StatementSettings.textMemoryBytesStandard

        func settings(top: Int) -> StatementSettings {
            StatementSettings(top: top, showsText: text, hasQueryLabel: queryLabel, textMemoryBytes: textMemoryBytes)
        }
    }

    struct ThresholdConfiguration: Sendable, Equatable {
        /// A query that runs longer is slow.
        var slowQuery: Duration = .milliseconds(100)
        var largestTables = 20
        var topStatements = 20
        /// Ratio of the storage path's file system that must be free; below it the disk check is degraded.
        var diskFreeRatio = 0.05
        /// Resident memory above which the memory check is degraded.
        var memoryBytes: Int64 = 512 << 20
    }
}

/// One server to sample.
struct TargetConfiguration: Sendable, Equatable {
    enum Kind: String, Sendable, CaseIterable {
        case postgres, redis, pgbouncer

        /// The environment variable that names one without a file.
        var variable: String {
            switch self {
            case .postgres: "DATABASE_URL"
            case .redis: "REDIS_URL"
            case .pgbouncer: "PGBOUNCER_URL"
            }
        }
    }

    var kind: Kind
    var name: String
    /// With its credentials: never printed.
    var url: String
    var labels: Labels = .empty
    /// Collectors switched off (false) or on (true) by name; a collector that is not named keeps its default.
    var collectors: [String: Bool] = [:]
    /// Of a Postgres target.
    var postgres = PostgresChoices()
}

/// Something wrong in what the user gave, with what would be right.
struct Finding: Sendable, CustomStringConvertible {
    /// The file, flag or variable.
    let place: String
    /// 1-based; nil outside files.
    let line: Int?
    let column: Int?
    let message: String

    init(_ place: String, line: Int? = nil, column: Int? = nil, _ message: String) {
        self.place = place
        self.line = line
        self.column = column
        self.message = message
    }

    var description: String {
        [place, line.map(String.init), line == nil ? nil : column.map(String.init)].compactMap { $0 }
            .joined(separator: ":") + ": " + message
    }
}

/// Everything that was wrong, at once.
struct Findings: Error, CustomStringConvertible {
    let all: [Finding]

    var description: String { all.map(\.description).joined(separator: "\n") }
}
