public import MetricsModel

/// What a row is made of: the newest sample of the Postgres target that keeps the rows and of the Redis targets.
public struct HealthReading: Sendable {
    /// When the sample was taken, in milliseconds since the Unix epoch.
    public let timestamp: Int64
    /// The database that the target is connected to: the `datname` whose values go into the row. Nil until it was ever known.
    public let database: String?
    /// The families of the Postgres target, and of the business queries that ran in it.
    public let postgres: [FamilySamples]
    /// The families of all Redis targets together.
    public let redis: [FamilySamples]

    public init(timestamp: Int64, database: String?, postgres: [FamilySamples], redis: [FamilySamples]) {
        self.timestamp = timestamp
        self.database = database
        self.postgres = postgres
        self.redis = redis
    }

    /// Whether the sample reached Postgres (`pg_up` is 1): only then is anything written.
    public var isDatabaseUp: Bool {
        !postgres.points(of: "pg_up").isEmpty && postgres.points(of: "pg_up").allSatisfy { $0.value == 1 }
    }
}

extension [FamilySamples] {
    /// The points of all families of one name; empty when there is none.
    func points(of name: String) -> [Point] {
        filter { sameBytes($0.family.name, name) }.flatMap(\.everyPoint)
    }

    /// The sum of the finite points that carry all `labels`; nil when there is none.
    func sum(_ name: String, where labels: [Label] = []) -> Double? {
        let values = points(of: name).filter { point in
            point.value.isFinite && labels.allSatisfy { label in sameBytes(point.series.labels[label.name] ?? "", label.value) }
        }
        return values.isEmpty ? nil : values.reduce(0) { $0 + $1.value }
    }

    /// The largest of the finite points; nil when there is none.
    func largest(_ name: String) -> Double? {
        points(of: name).map(\.value).filter(\.isFinite).max()
    }

    /// The mean of the finite points; nil when there is none.
    func mean(_ name: String) -> Double? {
        let values = points(of: name).map(\.value).filter(\.isFinite)
        return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }
}
