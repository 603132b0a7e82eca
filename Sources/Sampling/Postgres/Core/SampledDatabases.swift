internal import MetricsModel
internal import Postgres

/// The databases of a server that are sampled besides that of the target's address, as the server's list has them.
struct SampledDatabases: Sendable {
    /// How often the list is read.
    private static let listMilliseconds: Int64 = 60_000

    /// What a target has to know of its server: the server's traits and the list of databases.
    static let statements = [ServerTraits.statement, ListedDatabase.statement]

    struct Entry: Sendable {
        let name: String
        let database: PostgresDatabase
    }

    private let address: PostgresSession
    private let questions: [Question]
    private let settings: PostgresTargetSettings
    private let ledger: SeriesLedger
    private let constantLabels: Labels
    private var read: Int64?
    /// In the order of the server's list.
    private(set) var all: [Entry] = []
    /// The database of the target's address.
    private(set) var home = ""
    private(set) var standings: [(database: ListedDatabase, standing: DatabaseSelection.Standing)] = []

    init(
        _ address: PostgresSession, _ questions: [Question], _ settings: PostgresTargetSettings, _ ledger: SeriesLedger,
        constantLabels: Labels
    ) {
        self.address = address
        self.questions = questions
        self.settings = settings
        self.ledger = ledger
        self.constantLabels = constantLabels
    }

    func isDue(at now: Int64) -> Bool {
        read.map { now - $0 >= SampledDatabases.listMilliseconds || now < $0 } ?? true
    }

    /// It is read with the next sample.
    mutating func forgetList() { read = nil }

    /// Opens what is new: it connects when it is asked. Returns what is gone, to be closed.
    mutating func update(_ listed: [ListedDatabase], home: String, at now: Int64) -> [Entry] {
        read = now
        self.home = home
        let known = Dictionary(all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let found = settings.databases.standings(of: listed, home: home, connected: Set(known.keys))
        standings = Array(zip(listed, found))
        // Without a question for each database there is nothing to connect for.
        let wanted = questions.isEmpty ? [] : standings.filter { $0.standing == .sampled && $0.database.name != home }
        all = wanted.map { known[$0.database.name] ?? open($0.database.name) }
        let names = Set(all.map(\.name))
        return known.values.filter { !names.contains($0.name) }
    }

    private func open(_ name: String) -> Entry {
        Entry(
            name: name,
            database: PostgresDatabase(address.onDatabase(name), questions, settings, ledger, constantLabels: constantLabels))
    }

    var isHomeSampled: Bool { standings.contains { $0.database.name == home && $0.standing == .sampled } }

    var skipped: [DatabaseSelection.Reason: Int] {
        var counts = Dictionary(uniqueKeysWithValues: DatabaseSelection.Reason.allCases.map { ($0, 0) })
        for case (_, .skipped(let reason)) in standings { counts[reason, default: 0] += 1 }
        return counts
    }

    /// Vitals' own connections to the server, and the waits for the one that others use too.
    func poolStatistics(with home: PostgresSession) async -> (size: Int, inUse: Int, waits: WaitHistogram) {
        let own = await home.statistics()
        var size = own.size
        var inUse = own.inUse
        for entry in all {
            let statistics = await entry.database.session.statistics()
            size += statistics.size
            inUse += statistics.inUse
        }
        return (size, inUse, own.waits)
    }

    func close() async {
        for entry in all { await entry.database.close() }
    }
}
