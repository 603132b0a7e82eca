import Demo
import MetricsModel
import Postgres
import Support
import Testing

@testable import Sampling

/// What each question costs a server with many tables: `make explain` runs it, for the table of the README.
@Suite(.enabled(if: QueryCost.tables > 0)) struct QueryCostTests {
    @Test("Every question is answered within its limits on a server with many tables, and what it costs is printed")
    func cost() async throws {
        let directory = try TemporaryDirectory()
        let server = try await QueryCost.server(in: directory)
        let costs = try await QueryCost.measure(server)
        print(QueryCost.table(costs))
        #expect(costs.compactMap { cost in cost.error.map { "\(cost.question): \($0)" } } == [])
        await server.stop()
    }
}
