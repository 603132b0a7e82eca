public import Postgres

extension PostgresTarget {
    /// What the next sample would ask, from what the server and its databases say now. Connects to each of them. Throws what the
    /// server said when it cannot be asked at all; a database that cannot be is named with the reason.
    public func explain(by limit: ContinuousClock.Instant) async throws(PostgresError) -> PostgresPlan {
        let prepared = try await prepare(at: now(), by: limit)
        guard let server else { throw PostgresError(.internal, "nothing is known of the server") }
        let context = QuestionContext(version: prepared.version, server: server, database: prepared.traits)
        var entries: [PostgresPlan.Entry] = []
        for question in questions where question.scope == .server {
            entries.append(entry(question, context, database: nil))
        }
        for question in remembered.questions(context) { entries.append(entry(question, context, database: nil)) }
        var databases: [PostgresPlan.Database] = []
        for (listed, standing) in self.databases.standings {
            let isHome = listed.name == prepared.traits.name
            var problem: String?
            switch standing {
            case .skipped(let reason): problem = reason.rawValue
            case .sampled:
                do throws(PostgresError) {
                    let traits = isHome ? prepared.traits : try await traits(of: listed.name, by: limit)
                    let context = QuestionContext(version: prepared.version, server: server, database: traits)
                    for question in questions where question.scope == .database {
                        entries.append(entry(question, context, database: listed.name))
                    }
                } catch {
                    problem = error.description
                }
            }
            databases.append(PostgresPlan.Database(name: listed.name, problem: problem, isHome: isHome))
        }
        let on = Set(entries.map(\.collector))
        return PostgresPlan(
            version: prepared.version, isStandby: server.isStandby, user: server.user,
            isMonitor: server.isMonitor || server.isSuperuser,
            databases: databases, entries: entries,
            off: (PostgresTarget.collectorNames + settings.custom.map(\.name)).filter { !on.contains($0) })
    }

    private func traits(of name: String, by limit: ContinuousClock.Instant) async throws(PostgresError) -> DatabaseTraits {
        guard let entry = databases.all.first(where: { $0.name == name }) else { return DatabaseTraits() }
        return try await entry.database.prepare(at: now(), by: limit).traits
    }

    private func entry(_ question: Question, _ context: QuestionContext, database: String?) -> PostgresPlan.Entry {
        let unmet = question.conditions.first { !$0.holds(in: context) }
        return PostgresPlan.Entry(
            collector: question.collector, question: question.name, database: database,
            decision: unmet.map { .skip(reason: $0.reason, detail: $0.description) } ?? .ask,
            interval: question.interval.duration(settings), statementTimeout: question.limits.statement,
            sql: question.sql(context) + (question.also.map { ";\n" + $0(context) } ?? ""))
    }
}

extension Condition: CustomStringConvertible {
    /// What has to hold, for people.
    var description: String {
        switch self {
        case .version(let range): Condition.words(range)
        case .versions(let versions):
            versions.ranges.isEmpty ? "no version of Postgres" : versions.ranges.map(Condition.words).joined(separator: ", or ")
        case .primary: "a primary"
        case .standby: "a standby"
        case .database(let name): "the database \(name)"
        case .user(let name): "the role \(name)"
        case .extension(let name): "the extension \(name)"
        case .schema(let name): "the schema \(name)"
        case .relation(let name): "the relation \(name)"
        case .monitor: "a role with pg_monitor's rights"
        case .superuser: "a superuser"
        case .tag("pgbouncer", _): "a PgBouncer, as a target of its own"
        case .tag(let tag, _): "the tag \(tag)"
        case .predicate(let predicate): "that the predicate '\(predicate.name)' says yes"
        case .not(let condition): "not \(condition)"
        }
    }

    private static func words(_ range: Range<Int>) -> String {
        switch (range.lowerBound, range.upperBound) {
        case (0, .max): "any Postgres"
        case (let least, .max): "Postgres \(bound(least)) or later"
        case (0, let end): "Postgres before \(bound(end))"
        case (let least, let end): "Postgres from \(bound(least)) and before \(bound(end))"
        }
    }

    /// `15` for 150000, `15.4` for 150004, `9.6` for 90600.
    private static func bound(_ number: Int) -> String {
        if number >= 100_000 { return number % 10_000 == 0 ? "\(number / 10_000)" : "\(number / 10_000).\(number % 10_000)" }
        let minor = "\(number / 10_000).\(number / 100 % 100)"
        return number % 100 == 0 ? minor : "\(minor).\(number % 100)"
    }
}
