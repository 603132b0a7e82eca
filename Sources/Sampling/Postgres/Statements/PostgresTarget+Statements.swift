internal import Postgres

extension PostgresTarget {
    /// Running queries that are listed at most.
    private static let runningMax = 100

    /// The statements of the server in an order, as of the last sample, and with texts switched on the queries that run for longer than
    /// the threshold now. Answers before `deadline`; what is not known is said in the report.
    public func statements(
        by order: StatementOrder, limit: Int, deadline: ContinuousClock.Instant
    ) async -> StatementReport {
        let sampler = remembered.statements
        let entries = sampler?.list(by: order, limit: limit) ?? []
        let readAt = sampler?.lastReading
        var running: [StatementReport.Running] = []
        var failure: String?
        if settings.statements.showsText {
            do throws(PostgresError) {
                running = try await self.running(by: deadline)
            } catch {
                failure = "\(error)"
            }
        }
        return StatementReport(
            target: identity.name, showsText: settings.statements.showsText, readAt: readAt, entries: entries, running: running,
            runningError: failure, thresholdSeconds: settings.slowQuery.seconds)
    }

    private func running(by deadline: ContinuousClock.Instant) async throws(PostgresError) -> [StatementReport.Running] {
        let question = Statement(
            StatementQuestions.running, ["\(settings.slowQuery.seconds)", "\(PostgresTarget.runningMax)"],
            limits: StatementLimits(statement: .seconds(1), lock: .milliseconds(100)))
        var running: [StatementReport.Running] = []
        for row in try await session.rows(question, by: deadline) {
            guard let pid = try row.int(0), let age = try row.double(4) else { continue }
            let wait = [try row.string(5) ?? "", try row.string(6) ?? ""].filter { !$0.isEmpty }
            running.append(
                StatementReport.Running(
                    pid: pid, user: try row.string(2) ?? "", database: try row.string(1) ?? "",
                    application: try row.string(3) ?? "", ageSeconds: age,
                    wait: wait.isEmpty ? nil : wait.joined(separator: ": "),
                    text: try row.string(7).map {
                        SQLRedaction.redacting($0, bytesMax: StatementSettings.textBytesShownMax)
                    }))
        }
        return running
    }
}
