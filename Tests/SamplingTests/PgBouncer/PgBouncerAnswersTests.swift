import Testing

@testable import Postgres
@testable import Sampling

@Suite struct PgBouncerAnswersTests {
    private static let all = Set(PgBouncerCommand.allCases)
    private static let rows = Rows(columns: ["list", "items"], [["used_clients", "7"]])

    /// As if `asked` had these outcomes.
    private func took(
        _ answers: inout PgBouncerAnswers, _ outcomes: [(PgBouncerCommand, PipelineResult.Outcome)], at time: Int64
    ) {
        var result = PipelineResult(count: outcomes.count, outcome: .late, ending: .complete)
        result.outcomes = outcomes.map(\.1)
        answers.took(result, outcomes.map(\.0), at: time)
    }

    @Test("What a console refuses is left alone for a minute, what is late is asked for again, and lists always are")
    func refused() throws {
        var answers = PgBouncerAnswers()
        #expect(answers.due(Self.all, at: 0) == PgBouncerCommand.allCases)
        let refusal = PostgresError(sqlState: "08P01", message: "admin access needed")
        took(
            &answers, [(.lists, .failed(refusal)), (.pools, .failed(refusal)), (.stats, .late), (.clients, .rows(Self.rows))],
            at: 1_000)
        #expect(answers.due([.pools, .stats, .clients], at: 16_000) == [.lists, .stats, .clients])
        #expect(throws: refusal) { try answers.rows(.pools) }
        // The refusal stands while others are asked.
        took(&answers, [(.lists, .rows(Self.rows)), (.stats, .rows(Self.rows)), (.clients, .rows(Self.rows))], at: 16_000)
        #expect(throws: refusal) { try answers.rows(.pools) }
        #expect(answers.due([.pools, .stats], at: 60_999) == [.lists, .stats])
        #expect(answers.due([.pools, .stats], at: 61_000) == [.lists, .pools, .stats])
        // A clock that was set back does not make it wait for longer.
        #expect(answers.due([.pools], at: 500) == [.lists, .pools])
    }

    @Test("The configuration is used again for a minute, and nothing else is taken for an answer of a later sample")
    func reused() throws {
        var answers = PgBouncerAnswers()
        took(&answers, [(.lists, .rows(Self.rows)), (.config, .rows(Self.rows)), (.clients, .rows(Self.rows))], at: 1_000)
        #expect(answers.usedClients == 7)
        #expect(answers.due(Self.all, at: 60_999).contains(.config) == false)
        #expect(answers.due(Self.all, at: 61_000).contains(.config))
        took(&answers, [(.lists, .rows(Self.rows))], at: 16_000)
        #expect(try answers.rows(.config).count == 1)
        #expect(answers.durations[.config] == nil)
        #expect(throws: PostgresError.self) { try answers.rows(.clients) }
        answers.forget()
        #expect(throws: PostgresError.self) { try answers.rows(.config) }
        #expect(answers.usedClients == nil)
    }

    @Test("Without a number of clients nothing is decided on it")
    func unknownClients() {
        var answers = PgBouncerAnswers()
        took(&answers, [(.lists, .rows(Rows(columns: ["list", "items"], [["used_clients", "many"]])))], at: 0)
        #expect(answers.usedClients == nil)
        took(&answers, [(.lists, .rows(Rows(columns: ["list"], [["used_clients"]])))], at: 0)
        #expect(answers.usedClients == nil)
    }
}
