import Testing

@testable import Sampling

@Suite("Texts of statements")
struct StatementsTextTests {
    private func row(_ number: Int64?, calls: Int64, total: Double = 1) -> StatementTotals {
        let key = StatementKey(userID: 10, databaseID: 5, queryID: number, isTopLevel: true)
        return StatementTotals(
            key: key, calls: calls, totalMilliseconds: total, minMilliseconds: 0, maxMilliseconds: total,
            stddevMilliseconds: 0, rows: 0, statsSince: nil)
    }

    @Test("A text is asked for until it is read, and then no more")
    func once() {
        var texts = StatementTexts()
        let totals = [row(1, calls: 5), row(2, calls: 9), row(3, calls: 1)]
        #expect(texts.wanted(in: totals, waiting: [.number(3)]) == [.number(3), .number(2), .number(1)])
        texts.learn("DELETE FROM t", of: .number(3))
        #expect(texts.statementClass(of: .number(3)) == .application(.delete))
        #expect(texts.statementClass(of: .number(2)) == nil)
        #expect(texts.wanted(in: totals, waiting: [.number(1)]) == [.number(1), .number(2)])
    }

    @Test("Nothing is asked for while no statement waits")
    func sleeping() {
        var texts = StatementTexts()
        texts.learn("SELECT 1", of: .number(1))
        #expect(texts.wanted(in: [row(1, calls: 5), row(2, calls: 9)], waiting: []) == [])
    }

    @Test("A reading asks for the limit of texts and not one more")
    func limit() {
        var texts = StatementTexts()
        let totals = (0...Int64(StatementTexts.perSampleMax)).map { row($0, calls: $0 + 1) }
        let wanted = texts.wanted(in: totals, waiting: [.number(0)])
        #expect(wanted.count == StatementTexts.perSampleMax)
        #expect(wanted.first == .number(0))
    }

    @Test("A server with many texts is left alone for some readings after it was asked")
    func pause() {
        var texts = StatementTexts()
        let totals = (0..<Int64(3_000)).map { row($0, calls: 1) }
        for row in totals.dropFirst(10) { texts.learn("SELECT 1", of: row.key) }
        let asked = (0..<9).map { _ in
            let count = texts.wanted(in: totals, waiting: [.number(1)]).count
            if count > 0 { texts.wereRead(bytes: 3 * StatementTexts.bytesPerReadingPaused, statements: 3_000, isPart: false) }
            return count
        }
        #expect(asked == [10, 0, 0, 0, 10, 0, 0, 0, 10])
    }

    @Test("Texts that need more memory than allowed are left alone, counted, and looked for again after a long while")
    func tooLarge() {
        var texts = StatementTexts(StatementSettings(textMemoryBytes: 1 << 20))
        let totals = [row(1, calls: 5), row(2, calls: 9)]
        #expect(texts.wanted(in: totals, waiting: []).count == 2)
        texts.tooLarge()
        #expect(texts.reads == StatementTexts.Reads(done: 0, tooLarge: 1))
        #expect(texts.statementClass(of: .number(1)) == .application(.other))
        for _ in 0..<StatementTexts.readingsPausedMax { #expect(texts.wanted(in: totals, waiting: [.number(1)]).isEmpty) }
        #expect(texts.wanted(in: totals, waiting: []).count == 2)
        texts.wereRead(bytes: 900_000, statements: 2, isPart: true)
        #expect(texts.statementClass(of: .number(1)) == nil)
        // A third text of that size would not fit.
        #expect(texts.wanted(in: totals + [row(3, calls: 1)], waiting: [.number(3)]).isEmpty)
        #expect(texts.reads == StatementTexts.Reads(done: 1, tooLarge: 2))
    }

    @Test("Where texts never come, statements count without their class")
    func never() {
        var texts = StatementTexts()
        let totals = [row(1, calls: 5)]
        for _ in 1..<StatementTexts.failuresMax { _ = texts.wanted(in: totals, waiting: [.number(1)]) }
        #expect(texts.statementClass(of: .number(1)) == nil)
        _ = texts.wanted(in: totals, waiting: [.number(1)])
        #expect(texts.statementClass(of: .number(1)) == .application(.other))
    }

    @Test("Texts are kept without literals, and only when they are to be shown")
    func kept() {
        for shows in [false, true] {
            var texts = StatementTexts(StatementSettings(showsText: shows))
            texts.learn("CREATE ROLE a PASSWORD 'secret'", of: .number(1))
            #expect(texts.text(of: .number(1)) == (shows ? "CREATE ROLE a PASSWORD ?" : nil))
        }
    }

    @Test("Classes of statements that the server dropped are forgotten")
    func forgotten() {
        var texts = StatementTexts()
        for number in 1...50 { texts.learn("SELECT 1", of: .number(Int64(number))) }
        _ = texts.wanted(in: [row(7, calls: 1)], waiting: [])
        #expect(texts.statementClass(of: .number(7)) == .application(.select))
        #expect(texts.statementClass(of: .number(8)) == nil)
    }

    @Test("A text that the server keeps to itself makes its statement other")
    func hidden() {
        var texts = StatementTexts()
        texts.learn(nil, of: .number(1))
        texts.learn("<insufficient privilege>", of: .number(2))
        #expect(texts.statementClass(of: .number(1)) == .application(.other))
        #expect(texts.statementClass(of: .number(2)) == .application(.other))
        #expect(texts.statementClass(of: row(nil, calls: 1).key) == .application(.other))
    }

    @Test(
        "Vitals' own statements are known by the marker",
        arguments: [
            ("SELECT /* vitals */ 1", StatementClass.own), ("/* vitals */ BEGIN", .own), ("BEGIN /* vitals */", .own),
            ("SELECT /* vital */ 1", .application(.select)), ("SELECT 1 /* vitals *", .application(.select)),
            ("", .application(.other)),
        ])
    func own(_ text: String, _ statementClass: StatementClass) {
        var texts = StatementTexts()
        texts.learn(text, of: .number(1))
        #expect(texts.statementClass(of: .number(1)) == statementClass)
    }

    @Test("The top is the union of the longest in total, the longest on average and the most called, without Vitals' own")
    func top() {
        let totals = [
            row(1, calls: 100, total: 500), row(2, calls: 1, total: 90), row(3, calls: 10, total: 400),
            row(4, calls: 200, total: 10), row(5, calls: 9, total: 9_000), row(nil, calls: 9, total: 9_999),
            row(6, calls: 1, total: .nan), row(7, calls: 900, total: 9_999),
        ]
        let top = StatementRanking.top(totals, count: 2) {
            $0 == .number(5) ? .own : $0 == .number(7) ? nil : .application(.select)
        }
        #expect(top.map(\.key) == [.number(1), .number(3), .number(2), .number(4)])
        #expect(StatementRanking.top(totals, count: 0) { _ in .application(.select) }.isEmpty)
    }
}
