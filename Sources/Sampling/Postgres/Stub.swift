public import MetricsModel
public import Postgres
public struct BusinessQuery: Sendable { public init(name: String, help: String, type: MetricType, sql: String, labels: [String], valueColumn: String?) throws(PostgresError) {} }
public struct PostgresTargetSettings: Sendable { public init(collectors: [String: Bool], slowQuery: Duration, largestTables: Int, topStatements: Int, queries: [BusinessQuery]) {} }
public actor PostgresTarget: SampleTarget {
    public nonisolated let identity: TargetIdentity
    public nonisolated var upFamily: Family? { nil }
    public static let collectorNames = ["tables"]
    public init(identity: TargetIdentity, session: PostgresSession, settings: PostgresTargetSettings, now: @escaping @Sendable () -> Int64, log: @escaping LogLine) { self.identity = identity }
    public func sample(deadline: ContinuousClock.Instant) async -> TargetSample { TargetSample(identity: identity, up: false, families: []) }
    public func close() async {}
}
