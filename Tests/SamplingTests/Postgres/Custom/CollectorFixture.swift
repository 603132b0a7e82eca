import MetricsModel
import Postgres
import Support
import YAML

@testable import Sampling

/// A file read: its collectors, and what was said of it, as `LINE: MESSAGE`.
struct ReadFile {
    let collectors: [CustomCollector]
    let findings: [String]
    let warnings: [String]

    init(_ text: String) {
        let report = YAMLReport(file: "test.yml")
        let file = CollectorFile(text.utf8, report)
        collectors = file.collectors
        findings = report.findings.map { "\($0.line): \($0.message)" }
        warnings = file.warnings.map { "\($0.line): \($0.message)" }
    }
}

/// The samples of a set of families, as `NAME{LABELS}` with their values.
func texts(_ families: [FamilySamples]) -> [String: Double] {
    var all: [String: Double] = [:]
    for samples in families {
        for point in samples.points { all[String(decoding: point.series.text.dropLast(), as: UTF8.self)] = point.value }
    }
    return all
}

extension CustomCollector {
    func samples(
        _ rows: Rows, _ surroundings: CustomCollector.Surroundings = CustomCollector.Surroundings()
    ) throws -> [FamilySamples] {
        guard case .rows(let read) = question(surroundings).reading else { return [] }
        var sample = SampleBuilder(SeriesCache())
        try read(rows, &sample)
        return sample.finish().families
    }
}

/// Asks collectors of a real server, each as its question says, whether its conditions hold or not.
struct Asking {
    private let session: PostgresSession
    private let readiness: Readiness

    init(_ url: String) throws {
        readiness = try Readiness()
        session = PostgresSession(try PostgresConfiguration(url), readiness: readiness)
    }

    func rows(_ sql: String, limits: StatementLimits = .standard) async throws -> Rows {
        try await session.rows(Statement(sql, preparation: .unprepared, limits: limits), by: .now + .seconds(10))
    }

    func samples(
        _ collector: CustomCollector, _ surroundings: CustomCollector.Surroundings = CustomCollector.Surroundings()
    ) async throws -> [FamilySamples] {
        let question = collector.question(surroundings)
        return try collector.samples(await rows(question.sql(QuestionContext()), limits: question.limits), surroundings)
    }

    func version() async throws -> Int { try await session.serverVersion(by: .now + .seconds(10)) }

    func close() async {
        await session.close()
        readiness.stop()
    }
}
