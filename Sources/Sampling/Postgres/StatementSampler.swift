internal import MetricsModel
internal import Postgres

/// Reads `pg_stat_statements` of a whole server: counters and latencies by query type, the counters of the top statements and of all others,
/// the average of the window, the list for people.
///
/// Two questions, totals in every sample and texts in few, asked of one database that has the extension. Texts come before the totals that
/// are told apart by them.
struct StatementSampler: Sendable {
    /// Readings after which names are asked for again, since databases and roles can be renamed.
    private static let readingsPerNames = 40

    private let settings: StatementSettings
    private let includes: @Sendable (String) -> Bool
    private var reader = StatementReader()
    private var latencies = StatementLatencies()
    private var ledger: StatementLedger
    private var texts: StatementTexts
    private var names = StatementNames()
    private var readingsToNames = 0
    private var totals: [StatementTotals] = []
    private var readAt: Double?
    private var sightings = StatementSightings()
    private var evictions: Int?
    private var seesFile = false
    /// Statements whose texts the next sample asks for, along with everything else.
    private var wanted: [StatementKey] = []

    /// `includes`: whether a database's statements count, by its name.
    init(_ settings: StatementSettings, includes: @escaping @Sendable (String) -> Bool = { _ in true }) {
        self.settings = settings
        self.includes = includes
        ledger = StatementLedger(top: settings.top)
        texts = StatementTexts(settings)
    }

    // MARK: Questions

    /// The parameter of `StatementQuestions.totals`.
    private var totalsParameter: String { readingsToNames == 0 ? "true" : "false" }

    /// The parameters of `StatementQuestions.texts`; nil in most samples: when every text is known that matters.
    private var textsParameters: [String]? {
        let ids = Set(wanted.compactMap(\.queryID))
        guard !ids.isEmpty else { return nil }
        let list = ids.sorted().map { "\($0)" }.joined(separator: ",")
        return ["{\(list)}", "\(texts.bytesMax(statements: totals.count))"]
    }

    // MARK: Answers

    mutating func take(_ rows: Rows) throws(PostgresError) {
        let reading = try reader.read(rows)
        guard let epoch = reading.epoch else { return }
        let hasNames = !reading.databases.isEmpty
        if hasNames { names = StatementNames(reading, includes) }
        readingsToNames = hasNames ? StatementSampler.readingsPerNames : max(0, readingsToNames - 1)
        seesFile = reading.seesFile
        evictions = reading.evictions
        readAt = epoch.readAt
        // A statement of a database whose name is not known yet waits for the next reading, and is new then.
        totals = reading.totals.filter { names.isCounted($0.key.databaseID) }
        let isMissingNames = totals.count < reading.totals.count && !reading.totals.allSatisfy { names.knows($0.key.databaseID) }
        if isMissingNames, !hasNames { readingsToNames = 0 }
        latencies.take(totals, epoch: epoch) { texts.statementClass(of: $0) }
        sightings.take(latencies.growths, at: epoch.readAt, of: totals)
        if hasNames {
            ledger.open(Set(totals.lazy.map { StatementOwner(userID: $0.key.userID, databaseID: $0.key.databaseID) }).sorted())
        }
        ledger.take(totals, growths: latencies.growths, isAnew: latencies.isAnew) { texts.statementClass(of: $0) }
        wanted = texts.wanted(in: totals, waiting: latencies.waiting)
    }

    mutating func takeTexts(_ rows: Rows) throws(PostgresError) {
        var answers: [(StatementKey, String?)] = []
        var bytes = 0
        for row in rows {
            bytes += try row.int(4) ?? 0
            guard let user = try row.oid(0), let database = try row.oid(1), let query = try row.int(2) else { continue }
            let key = StatementKey(userID: user, databaseID: database, queryID: Int64(query), isTopLevel: true)
            answers.append((key, try row.string(3)))
        }
        // A server without a single text has not looked for them.
        guard bytes > 0 || rows.isEmpty else { return texts.tooLarge() }
        for (key, text) in answers { texts.learn(text, of: key) }
        texts.wereRead(bytes: bytes, statements: totals.count, isPart: wanted.count == StatementTexts.perSampleMax)
        wanted = []
    }

    // MARK: Series

    func add(to sample: inout SampleBuilder) {
        for type in QueryType.allCases {
            let histogram = latencies.histogram(of: type)
            sample.add(StatementFamilies.queries, [type.rawValue], Double(histogram.count))
            sample.addHistogram(
                StatementFamilies.duration, [type.rawValue], bounds: LatencyHistogram.boundsSeconds,
                cumulative: histogram.cumulative, sum: histogram.sum)
        }
        sample.add(StatementFamilies.average, latencies.window.meanSeconds)
        sample.add(StatementFamilies.evictions, evictions.map(Double.init))
        sample.add(StatementFamilies.textReads, ["read"], Double(texts.reads.done))
        sample.add(StatementFamilies.textReads, ["too_large"], Double(texts.reads.tooLarge))
        addCounters(to: &sample)
        if settings.hasQueryLabel { addTexts(to: &sample) }
    }

    private func addCounters(to sample: inout SampleBuilder) {
        var series = ledger.shown.compactMap { shown in
            shown.key.queryID.map { (names.labels(of: shown.key, "\($0)"), shown.sums) }
        }
        for (owner, sums) in ledger.others.sorted(by: { $0.key < $1.key }) {
            series.append((names.labels(of: owner, "other"), sums))
        }
        // Two roles that were dropped, or names that are not there yet, would make one series twice.
        var seen: Set<[String]> = []
        series.removeAll { !seen.insert($0.0).inserted }
        for (labels, sums) in series { sample.add(StatementFamilies.calls, labels, Double(sums.calls)) }
        for (labels, sums) in series { sample.add(StatementFamilies.seconds, labels, sums.milliseconds / 1000) }
        for (labels, sums) in series { sample.add(StatementFamilies.rows, labels, Double(sums.rows)) }
        for (labels, sums) in series { sample.add(StatementFamilies.readSeconds, labels, sums.readMilliseconds / 1000) }
        for (labels, sums) in series { sample.add(StatementFamilies.writeSeconds, labels, sums.writeMilliseconds / 1000) }
        let keys = Set(ledger.shown.map(\.key))
        var means: [StatementKey: Double] = [:]
        for row in totals where keys.contains(row.key) { means[row.key] = row.meanMilliseconds / 1000 }
        for shown in ledger.shown {
            guard let id = shown.key.queryID, let mean = means[shown.key] else { continue }
            sample.add(StatementFamilies.mean, names.labels(of: shown.key, "\(id)"), mean)
        }
    }

    /// One for each query id, whoever runs it.
    private func addTexts(to sample: inout SampleBuilder) {
        var seen: Set<Int64> = []
        for shown in ledger.shown {
            guard let id = shown.key.queryID, let text = texts.text(of: shown.key), seen.insert(id).inserted else { continue }
            sample.add(
                StatementFamilies.text,
                ["\(id)", SQLRedaction.cut(text, charactersMax: StatementSettings.labelCharactersMax)], 1)
        }
    }

    // MARK: People

    /// The first statements in an order, with the server's own counters. Empty before the first reading.
    func list(by order: StatementOrder, limit: Int) -> [StatementReport.Entry] {
        StatementRanking.leading(totals, limit, by: order) { texts.statementClass(of: $0) }.map { row in
            StatementReport.Entry(
                queryID: row.key.queryID ?? 0, user: names.user(row.key.userID), database: names.database(row.key.databaseID),
                calls: row.calls, totalSeconds: row.totalMilliseconds / 1000, meanSeconds: row.meanMilliseconds / 1000,
                maxSeconds: row.maxMilliseconds / 1000, rows: row.rows, firstSeen: sightings.first(of: row),
                text: settings.showsText ? texts.text(of: row.key) : nil)
        }
    }

    /// The server's clock at the last reading, in seconds since the epoch.
    var lastReading: Double? { readAt }
}

extension StatementSampler: RememberingCollector {
    private static let extensionName = "pg_stat_statements"
    private static let textsQuestion = "stat_statements texts"

    var name: String { "stat_statements" }
    var conditions: [Condition] { [.extension(StatementSampler.extensionName)] }
    var isServerWide: Bool { true }

    func questions(_ context: QuestionContext) -> [Question] {
        let parameter = totalsParameter
        let totals = Question(
            name, when: conditions, limits: Question.dear, parameters: { _ in [parameter] }, reading: .columns([]),
            sql: { StatementQuestions.totals(version: $0.version, schema: $0.schema(of: StatementSampler.extensionName)) })
        guard let parameters = textsParameters else { return [totals] }
        let (settings, seesFile) = (settings, seesFile)
        let texts = Question(
            name, name: StatementSampler.textsQuestion, when: conditions, limits: Question.dear, parameters: { _ in parameters },
            reading: .columns([]),
            sql: {
                StatementQuestions.texts(
                    version: $0.version, schema: $0.schema(of: StatementSampler.extensionName),
                    memoryBytes: settings.textMemoryBytes,
                    charactersMax: settings.keepsTexts ? 2 * StatementSettings.textBytesShownMax : 0, seesFile: seesFile)
            })
        return [texts, totals]
    }

    /// A text that cannot be read is asked for again: its statement's growth waits, and after a while counts as `other`.
    func isOptional(_ question: String) -> Bool { question == StatementSampler.textsQuestion }

    mutating func take(_ rows: Rows, of question: String) throws(PostgresError) {
        if question == StatementSampler.textsQuestion { try takeTexts(rows) } else { try take(rows) }
    }

    func add(_ question: String, to sample: inout SampleBuilder) {
        if question != StatementSampler.textsQuestion { add(to: &sample) }
    }
}
