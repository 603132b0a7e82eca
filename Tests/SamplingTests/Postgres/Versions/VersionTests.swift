import MetricsModel
import Postgres
import Support
import Testing

@testable import Sampling

/// On the version of VITALS_TEST_POSTGRES, or the machine's own: `make test-matrix` runs them on all.
@Suite struct VersionTests {
    @Test("Every question of every collector is answered", arguments: VersionServers.Place.all)
    func answered(_ place: VersionServers.Place) async throws {
        let round = try await QuestionRound(on: try await VersionServers.url(place))
        #expect(round.context.server.isStandby == place.isStandby)
        #expect(round.context.server.isSuperuser == place.isSuperuser)
        #expect(round.failures == [])
    }

    @Test("Names that a version or a role lacks are those of the list, and no others", arguments: VersionServers.Place.all)
    func names(_ place: VersionServers.Place) async throws {
        let round = try await QuestionRound(on: try await VersionServers.url(place))
        let all = Set(QuestionRound.questions.flatMap(\.families).map(\.name))
        let expected = AbsentName.all.filter { $0.isAbsent(from: round.context) }.map(\.name)
        #expect(Set(expected).subtracting(all) == [], "names that no collector has")
        let absent = all.subtracting(round.offered)
        #expect(absent.subtracting(expected).sorted() == [], "absent without a reason in the list")
        #expect(Set(expected).subtracting(absent).sorted() == [], "in the list, and there all the same")
    }
}
