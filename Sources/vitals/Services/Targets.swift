import Logging
import MetricsModel
import Postgres
import Redis
import Sampling

/// The configured servers as targets of the sampler.
struct Targets {
    let all: [any SampleTarget]
    let postgres: [PostgresTarget]
    /// The sessions of Postgres targets by name: rows are written over the kept connection too.
    let sessions: [String: PostgresSession]

    var identities: [TargetIdentity] { all.map(\.identity) }

    /// Throws a finding for every address that can't be used.
    init(_ settings: Settings, readiness: Readiness) throws(Findings) {
        let configuration = settings.configuration
        let logger = Logger(label: "sampling")
        var findings: [Finding] = []
        var all: [any SampleTarget] = []
        var postgres: [PostgresTarget] = []
        var sessions: [String: PostgresSession] = [:]
        for target in configuration.targets {
            let several = configuration.targets.filter { $0.kind == target.kind }.count > 1
            let labels = several ? target.labels.setting("target", to: target.name) : target.labels
            let log = logger.lines(of: target.name)
            do throws(any Error) {
                switch target.kind {
                case .postgres:
                    let address = try PostgresConfiguration(target.url)
                    let session = PostgresSession(address, readiness: readiness)
                    sessions[target.name] = session
                    let server = PostgresTarget(
                        identity: TargetIdentity(
                            name: target.name, kind: .postgres, instance: address.instance, labels: labels),
                        session: session,
                        settings: try PostgresTargetSettings(target, settings, instance: address.exporterInstance),
                        now: unixMilliseconds, log: log)
                    postgres.append(server)
                    all.append(server)
                case .redis:
                    let url = try RedisURL(target.url)
                    all.append(
                        RedisTarget(
                            identity: TargetIdentity(name: target.name, kind: .redis, instance: url.instance, labels: labels),
                            url: url, settings: RedisTargetSettings(target, configuration), now: unixMilliseconds, log: log))
                case .pgbouncer:
                    let address = try PgBouncerTarget.address(target.url)
                    all.append(
                        PgBouncerTarget(
                            identity: TargetIdentity(
                                name: target.name, kind: .pgbouncer, instance: address.instance, labels: labels),
                            address: address, readiness: readiness,
                            settings: PgBouncerTargetSettings(collectors: target.collectors), now: unixMilliseconds, log: log))
                }
            } catch {
                findings.append(Finding("target '\(target.name)'", settings.secrets.redacting("\(error)")))
            }
        }
        guard findings.isEmpty else { throw Findings(all: findings) }
        self.all = all
        self.postgres = postgres
        self.sessions = sessions
    }
}

/// The names of the collectors of a kind of target.
func knownCollectors(_ kind: TargetConfiguration.Kind) -> [String] {
    switch kind {
    case .postgres: PostgresTarget.collectorNames
    case .redis: RedisCollector.allCases.map(\.rawValue)
    case .pgbouncer: PgBouncerTarget.collectorNames
    }
}

extension RedisTargetSettings {
    fileprivate init(_ target: TargetConfiguration, _ configuration: Configuration) {
        self.init(
            collectors: Set(RedisCollector.allCases.filter { target.collectors[$0.rawValue] ?? true }),
            queues: configuration.queues.filter { $0.target == nil || $0.target == target.name }.map { queue in
                RedisQueue(
                    name: queue.name, kind: RedisQueue.Kind(rawValue: queue.type) ?? .list, key: queue.key,
                    failedKey: queue.failedKey, activeKey: queue.activeKey, database: queue.database)
            })
    }
}

extension PostgresTargetSettings {
    /// `instance`: the value of the label `server` of a queries.yaml's series.
    init(_ target: TargetConfiguration, _ settings: Settings, instance: String) throws(PostgresError) {
        let configuration = settings.configuration
        var queries: [BusinessQuery] = []
        for query in configuration.queries where query.target == nil || query.target == target.name {
            queries.append(
                try BusinessQuery(
                    name: query.name, help: query.help, type: query.type, sql: query.sql, labels: query.labels,
                    valueColumn: query.valueColumn))
        }
        self.init(
            collectors: target.collectors, slowQuery: configuration.thresholds.slowQuery,
            largestTables: configuration.thresholds.largestTables,
            statements: configuration.statements.settings(top: configuration.thresholds.topStatements),
            queries: queries, databases: target.postgres.databases, limits: target.postgres.limits,
            sizesInterval: target.postgres.sizesInterval)
        add(
            settings.collectors.of(target.name),
            CustomCollector.Surroundings(
                instance: instance, tags: target.postgres.tags, isDiscovering: target.postgres.isDiscovering,
                timeout: target.postgres.queriesTimeout))
    }
}
