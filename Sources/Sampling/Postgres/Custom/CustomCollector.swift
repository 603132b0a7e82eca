internal import MetricsModel
internal import Postgres

/// A collector out of a user's file.
public struct CustomCollector: Sendable {
    /// Whose file format it was written in.
    public enum Format: String, Sendable, CaseIterable {
        case vitals = "collectors of Vitals"
        case queries = "queries.yaml of postgres_exporter"
        case pgExporter = "collectors of pg_exporter"
    }

    /// Where it is asked.
    enum Placement: Sendable, Hashable {
        /// Once for each server.
        case server
        /// In every sampled database.
        case database
        /// In every sampled database when the user wants databases discovered, else once: as postgres_exporter does.
        case discovered
    }

    public let format: Format
    /// What it is switched on and off by, and the value of the label `collector`; also the beginning of its metrics' names.
    public let name: String
    /// Its key in the file; there can be several of one name, for several versions.
    public let branch: String
    public let file: String
    /// 1-based.
    public let line: Int
    var help = ""
    let sql: CollectorSQL
    var placement = Placement.server
    var conditions: [Condition] = []
    /// For how long an answer is used again.
    var interval: Duration = .zero
    /// What the server allows its statement; nil: what the target's settings say.
    var timeout: Duration?
    var isOn = true
    let columns: [CustomColumn]

    /// Waiting for a lock is never worth it: what is locked is being changed.
    static let lockTimeout = Duration.milliseconds(100)

    /// How collectors out of files are asked of a target.
    public struct Surroundings: Sendable {
        /// `host:port`: the label `server` of series out of postgres_exporter's files.
        let instance: String
        /// Free words that pg_exporter's collectors may ask for or forbid.
        let tags: Set<String>
        /// Whether queries.yaml is asked in every database.
        let isDiscovering: Bool
        /// For collectors that say nothing about time.
        let timeout: Duration

        public init(
            instance: String = "", tags: Set<String> = [], isDiscovering: Bool = false, timeout: Duration = .seconds(10)
        ) {
            self.instance = instance
            self.tags = tags
            self.isDiscovering = isDiscovering
            self.timeout = timeout
        }
    }

    /// Its question to a target.
    func question(_ surroundings: Surroundings) -> Question {
        let scope: Question.Scope =
            switch placement {
            case .server: .server
            case .database: .database
            case .discovered: surroundings.isDiscovering ? .database : .server
            }
        let addsDatabase = format == .vitals && scope == .database && !columns.contains { $0.alias == "datname" }
        let reader = CustomReader(self, server: format == .queries ? surroundings.instance : nil, hasDatabase: addsDatabase)
        let text = sql.statement(addingDatabase: addsDatabase)
        return Question(
            name, name: branch, scope: scope, when: conditions.map { $0.settled(surroundings.tags) }, every: .fixed(interval),
            limits: StatementLimits(
                statement: timeout ?? surroundings.timeout, lock: CustomCollector.lockTimeout, isReadOnly: true),
            preparation: .prepared,
            reading: .rows({ rows, sample throws(PostgresError) in try reader.read(rows, into: &sample) }),
            sql: { _ in text })
    }
}

extension Condition {
    /// With the target's tags known.
    fileprivate func settled(_ tags: Set<String>) -> Condition {
        switch self {
        case .tag(let tag, _): .tag(tag, isThere: tags.contains(tag))
        case .not(let condition): .not(condition.settled(tags))
        default: self
        }
    }
}

extension PostgresTargetSettings {
    /// Adds collectors out of files.
    public mutating func add(_ collectors: [CustomCollector], _ surroundings: CustomCollector.Surroundings) {
        custom += collectors.switches(surroundings)
    }
}

extension [CustomCollector] {
    /// The collectors by name, in the order of the files.
    func switches(_ surroundings: CustomCollector.Surroundings) -> [PostgresCollectorSwitch] {
        var names: [String] = []
        var members: [String: [CustomCollector]] = [:]
        for collector in self {
            if members[collector.name] == nil { names.append(collector.name) }
            members[collector.name, default: []].append(collector)
        }
        return names.map { name in
            let all = members[name] ?? []
            let on = all.filter(\.isOn)
            // One that is off as a whole can be switched on as a whole.
            return PostgresCollectorSwitch(
                name, isOn: !on.isEmpty, (on.isEmpty ? all : on).map { $0.question(surroundings) })
        }
    }
}
