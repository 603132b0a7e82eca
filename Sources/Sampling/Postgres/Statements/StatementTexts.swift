import Postgres

/// Knows of every statement its class, and which texts must be read for that. Of a text it keeps the class, and when people are to see
/// texts, its beginning without literals.
struct StatementTexts: Sendable {
    /// Texts asked for at once: usually under 1 MB, and 32 MB where all of them are long common table expressions. Reading one text costs
    /// the server as much as reading all (it loads its text file), hence not fewer.
    static let perSampleMax = 2_000

    /// Reading texts costs the server 3 ms for each MB of all texts, however few are wanted; hence a pause of one reading for each such
    /// piece before texts are asked for again. With 20 MB they then add a sixth to the time of the readings
    /// without texts (`StatementTextCostTests`); small servers are asked at once.
    static let bytesPerReadingPaused = 256 << 10
    /// An hour of readings every 15 s; also the pause after texts were found too large to be read.
    static let readingsPausedMax = 240
    /// Readings that ask in vain, after which statements count without their class.
    static let failuresMax = 20

    /// How often texts were read, and how often they were left alone since they would not fit into the memory allowed.
    struct Reads: Sendable, Equatable {
        fileprivate(set) var done = 0
        fileprivate(set) var tooLarge = 0
    }

    private struct Known {
        var statementClass: StatementClass
        /// Without literals; nil when texts are not kept or the server keeps it from this role.
        var text: String?
    }

    private(set) var reads = Reads()
    private let settings: StatementSettings
    private var known: [StatementKey: Known] = [:]
    private var readingsToPause = 0
    /// The bytes of all texts and the number of statements, when they were last read.
    private var size: (bytes: Int, statements: Int)?
    private var failures = 0
    private var isTooLarge = false

    init(_ settings: StatementSettings = StatementSettings()) { self.settings = settings }

    /// The class of a statement, nil while its text is not read. Without a query id there is no text; where no text can be read everything is
    /// the application's and of a kind that is not known.
    func statementClass(of key: StatementKey) -> StatementClass? {
        if key.queryID == nil { return .application(.other) }
        if let known = known[key] { return known.statementClass }
        return isTooLarge || failures >= StatementTexts.failuresMax ? .application(.other) : nil
    }

    func text(of key: StatementKey) -> String? { known[key]?.text }

    /// Once for each reading: the texts to read next, at most `perSampleMax`: first what was called and waits for its class, then the
    /// rest by calls. Empty when nothing waits, so that a server with a thousand sleeping statements is not asked for their texts; and
    /// forgets the statements that are not in `totals` any more, so that it never holds more than the server does.
    mutating func wanted(in totals: [StatementTotals], waiting: Set<StatementKey>) -> [StatementKey] {
        if known.count > totals.count {
            let present = Set(totals.map(\.key))
            known = known.filter { present.contains($0.key) }
        }
        guard readingsToPause == 0 else {
            readingsToPause -= 1
            return []
        }
        guard known.isEmpty || isTooLarge || !waiting.isEmpty else { return [] }
        if let size, size.statements > 0 {
            let expected = Double(size.bytes) / Double(size.statements) * Double(totals.count)
            guard expected <= Double(bytesMax(statements: totals.count)) else {
                tooLarge()
                return []
            }
        }
        let unread = totals.filter { $0.key.queryID != nil && known[$0.key] == nil }
        guard !unread.isEmpty else { return [] }
        failures += 1
        let ranked = unread.sorted { left, right in
            let isLeftWaiting = waiting.contains(left.key)
            let isRightWaiting = waiting.contains(right.key)
            return isLeftWaiting == isRightWaiting ? left.calls > right.calls : isLeftWaiting
        }
        return ranked.prefix(StatementTexts.perSampleMax).map(\.key)
    }

    /// The bytes of texts that fit into the memory allowed, beside the rest of their rows.
    func bytesMax(statements: Int) -> Int {
        max(0, settings.textMemoryBytes / 10 * 9 - statements * StatementQuestions.rowBytes)
    }

    /// Takes a text that was read; nil where the server keeps it from this role.
    mutating func learn(_ text: String?, of key: StatementKey) {
        guard let text else {
            known[key] = Known(statementClass: .application(.other))
            return
        }
        let kept = settings.keepsTexts ? SQLRedaction.redacting(text, bytesMax: StatementSettings.textBytesShownMax) : nil
        known[key] = Known(
            statementClass: StatementTexts.isOwn(text) ? .own : .application(QueryType(classifying: text)), text: kept)
    }

    /// Ends an answer: `bytes` of all texts of `statements`, of which `isPart` was not asked for yet.
    mutating func wereRead(bytes: Int, statements: Int, isPart: Bool) {
        reads.done += 1
        failures = 0
        isTooLarge = false
        size = (bytes, statements)
        // Where one answer cannot hold them all, the next reading asks on.
        if !isPart {
            readingsToPause = min(bytes / StatementTexts.bytesPerReadingPaused, StatementTexts.readingsPausedMax)
        }
    }

    /// The server's texts need more memory than is allowed.
    mutating func tooLarge() {
        reads.tooLarge += 1
        failures = 0
        isTooLarge = true
        readingsToPause = StatementTexts.readingsPausedMax
    }

    private static func isOwn(_ text: String) -> Bool {
        let marker = Array(Statement.marker.utf8)
        // It stands after the first word.
        let bytes = Array(text.utf8.prefix(QueryType.verbCharacters))
        guard bytes.count >= marker.count else { return false }
        return (0...(bytes.count - marker.count)).contains { bytes[$0...].starts(with: marker) }
    }
}
