/// What is asked of a PgBouncer.
public struct PgBouncerTargetSettings: Sendable {
    /// Collectors switched on or off by name; those not named are on.
    public let collectors: [String: Bool]
    /// The most series that one collector gives; what is beyond is left out and counted. Enough for hundreds of pools.
    public let seriesMax: Int
    /// With more clients than this PgBouncer is not asked to list them: it has one thread, and the list keeps it from its work for
    /// about 1.5 ms for each thousand (1.18).
    public let listedClientsMax: Int

    public init(collectors: [String: Bool] = [:], seriesMax: Int = 10_000, listedClientsMax: Int = 5_000) {
        self.collectors = collectors
        self.seriesMax = seriesMax
        self.listedClientsMax = listedClientsMax
    }

    func isOn(_ collector: String) -> Bool { collectors[collector] ?? true }
}
