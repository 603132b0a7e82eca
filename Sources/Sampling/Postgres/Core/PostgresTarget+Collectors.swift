extension PostgresTarget {
    /// Every name that a collector can be switched by, in the order in which they are asked.
    public static var collectorNames: [String] {
        let names = shipped.map(\.name) + ["auth", "business", "stat_statements"]
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }
    }

    /// Whether a collector is on without a word from the user.
    public static func isOnByDefault(_ collector: String) -> Bool {
        shipped.first { $0.name == collector }?.isOn ?? true
    }

    static var shipped: [PostgresCollectorSwitch] { PostgresCollectorSwitch.all }

    static func switches(_ settings: PostgresTargetSettings) -> [PostgresCollectorSwitch] {
        (shipped + settings.custom).filter { settings.isOn($0) }
    }

    static func remembering(_ settings: PostgresTargetSettings) -> [any RememberingCollector] {
        let all: [any RememberingCollector] = [
            AuthEvents(), BusinessCollector(settings.queries),
            StatementSampler(settings.statements) { settings.databases.includes($0) },
        ]
        return all.filter { settings.collectors[$0.name] ?? true }
    }
}
