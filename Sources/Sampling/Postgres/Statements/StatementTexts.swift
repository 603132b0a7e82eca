import Postgres

/// Knows of every statement its class, and which texts must be read for that. Of a text it keeps only the class.
struct StatementTexts: Sendable {
    /// Texts asked for at once: with `QueryType.bytesMax` for each an answer has at most 8 MB, usually 200 kB. Reading one text costs the
    /// server as much as reading all (it loads its text file), hence not fewer.
    static let perSampleMax = 500

    /// Reading texts costs the server 10 to 40 ms for each thousand statements, however few are wanted; hence so many readings pass before
    /// texts are asked for again. Small servers are asked at once.
    private static let statementsPerReadingPaused = 1_000
    /// Half of what growth waits for its class.
    private static let readingsPausedMax = StatementLatencies.waitingReadingsMax / 2

    private var classes: [StatementKey: StatementClass] = [:]
    private var readingsToPause = 0

    init() {}

    /// The class of a statement, nil while its text is not read. Without a query id there is no text.
    func statementClass(of key: StatementKey) -> StatementClass? {
        key.queryID == nil ? .application(.other) : classes[key]
    }

    /// Once for each reading: the texts to read next, at most `perSampleMax`: first what was called and waits for its class, then the rest by calls. Empty when nothing
    /// waits, so that a server with a thousand sleeping statements is not asked for their texts; and forgets the statements
    /// that are not in `totals` any more, so that it never holds more classes than the server holds statements.
    mutating func wanted(in totals: [StatementTotals], waiting: Set<StatementKey>) -> [StatementKey] {
        if classes.count > totals.count {
            let present = Set(totals.map(\.key))
            classes = classes.filter { present.contains($0.key) }
        }
        guard readingsToPause == 0 else {
            readingsToPause -= 1
            return []
        }
        guard classes.isEmpty || !waiting.isEmpty else { return [] }
        let unread = totals.filter { $0.key.queryID != nil && classes[$0.key] == nil }
        let ranked = unread.sorted { left, right in
            let isLeftWaiting = waiting.contains(left.key)
            let isRightWaiting = waiting.contains(right.key)
            return isLeftWaiting == isRightWaiting ? left.calls > right.calls : isLeftWaiting
        }
        // Where one answer cannot hold them all, the next reading asks on.
        if ranked.count <= StatementTexts.perSampleMax {
            readingsToPause = min(totals.count / StatementTexts.statementsPerReadingPaused, StatementTexts.readingsPausedMax)
        }
        return ranked.prefix(StatementTexts.perSampleMax).map(\.key)
    }

    /// Takes a text that was read; nil where the server keeps it from this role.
    mutating func learn(_ text: String?, of key: StatementKey) {
        guard let text else {
            classes[key] = .application(.other)
            return
        }
        classes[key] = StatementTexts.isOwn(text) ? .own : .application(QueryType(classifying: text))
    }

    private static func isOwn(_ text: String) -> Bool {
        let marker = Array(Statement.marker.utf8)
        let bytes = Array(text.utf8.prefix(QueryType.bytesMax))
        guard bytes.count >= marker.count else { return false }
        return (0...(bytes.count - marker.count)).contains { bytes[$0...].starts(with: marker) }
    }
}
