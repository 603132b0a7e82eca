public import MetricsModel
public import Postgres

/// A server with its databases: each database sampled in one pipeline on one kept connection, all at once. What holds for the whole
/// server is asked on the connection of the target's address.
public actor PostgresTarget: SampleTarget {
    /// Kept back from the caller's deadline for reading the answers.
    private static let margin: Duration = .milliseconds(50)

    public nonisolated let identity: TargetIdentity
    public nonisolated var upFamily: Family? { PostgresFamilies.up }

    let session: PostgresSession
    let settings: PostgresTargetSettings
    /// Milliseconds since the Unix epoch.
    let now: @Sendable () -> Int64
    /// Of the collectors that are on.
    let questions: [Question]
    private let home: PostgresDatabase
    private let login: LoginProbe
    var databases: SampledDatabases
    private(set) var server: ServerTraits?
    private(set) var remembered: RememberedCollectors
    var reports: CollectorReports
    var states: PostgresStates
    var cache: SeriesCache
    private(set) var scrapes = 0
    /// The number of the kept connection to which the login probe's verdict belongs.
    private var loginConnect = 0

    /// Connects at the first sample. `log` gets one line for each change of state.
    public init(
        identity: TargetIdentity, session: PostgresSession, settings: PostgresTargetSettings = PostgresTargetSettings(),
        now: @escaping @Sendable () -> Int64, log: @escaping LogLine
    ) {
        self.identity = identity
        self.session = session
        self.settings = settings
        self.now = now
        let remembering = PostgresTarget.remembering(settings)
        remembered = RememberedCollectors(remembering, settings, constantLabels: identity.labels)
        let switches = PostgresTarget.switches(settings)
        questions = PostgresCollectorSwitch.questions(of: switches)
        let ledger = SeriesLedger(settings.limits)
        home = PostgresDatabase(
            session, questions, settings, ledger, constantLabels: identity.labels, conditions: remembered.conditions)
        databases = SampledDatabases(
            session, questions.filter { $0.scope == .database }, settings, ledger, constantLabels: identity.labels)
        login = LoginProbe(session.ownConnection())
        reports = CollectorReports(switches.map(\.name) + remembering.map(\.name))
        states = PostgresStates(target: identity.name, log: log)
        cache = SeriesCache(constantLabels: identity.labels)
    }

    public func close() async {
        await databases.close()
        await login.close()
        await session.close()
    }

    // MARK: - A sample

    public func sample(deadline: ContinuousClock.Instant) async -> TargetSample {
        scrapes += 1
        let started = ContinuousClock.now
        let limit = deadline - PostgresTarget.margin
        let time = now()
        let prepared: PostgresDatabase.Preparation
        do throws(PostgresError) {
            prepared = try await prepare(at: time, by: limit)
        } catch {
            return await down(error, since: started, roundTrips: 0)
        }
        guard let server else { return await down(.init(.internal, "nothing known"), since: started, roundTrips: 0) }
        let context = QuestionContext(version: prepared.version, server: server, database: prepared.traits)
        let standIn = await standIn(for: context)
        let plan = remembered.plan(at: time, context, elsewhere: standIn?.context)
        let asked = plan.filter { if case .ask = $0.plan { true } else { false } }
        func statements(elsewhere: Bool) -> [Statement] {
            asked.filter { $0.isElsewhere == elsewhere }.map { asked in
                let context = elsewhere ? standIn?.context ?? context : context
                return Statement(
                    asked.question.sql(context), asked.question.parameters(settings), preparation: asked.question.preparation,
                    limits: asked.question.limits)
            }
        }
        var along = statements(elsewhere: false)
        let ownCount = along.count
        let isListDue = databases.isDue(at: time)
        if isListDue { along += SampledDatabases.statements }

        let (answer, others, verdict) = await ask(
            server, at: time, by: limit, along: along, standIn: standIn?.place, statements(elsewhere: true))
        if let silence = answer.silence {
            return await down(silence, since: started, roundTrips: prepared.roundTrips + answer.roundTrips)
        }
        let (answers, durations) = PostgresTarget.inOrder(
            asked, answer, standIn.flatMap { others.indices.contains($0.place) ? others[$0.place].1 : nil })
        let (families, outcomes) = remembered.take(plan, context, answers, durations, at: time)
        let sample = await assemble(
            answer, others, verdict, (families, outcomes), since: started, at: time,
            roundTrips: prepared.roundTrips + answer.roundTrips)
        if isListDue { await relearn(Array(answer.along[ownCount...]), home: prepared.traits.name, at: time) }
        return sample
    }

    /// A database that has what that of the address lacks, for questions that any database of the server answers.
    private func standIn(for home: QuestionContext) async -> (place: Int, context: QuestionContext)? {
        guard remembered.isMissing(in: home) else { return nil }
        for (place, entry) in databases.all.enumerated() {
            guard let traits = await entry.database.knownTraits else { continue }
            var context = home
            context.database = traits
            if remembered.isMet(in: context) { return (place, context) }
        }
        return nil
    }

    /// The answers in the order of the questions, wherever they were asked.
    private static func inOrder(
        _ asked: [RememberedCollectors.Asked], _ home: PostgresDatabase.Answer, _ standIn: PostgresDatabase.Answer?
    ) -> (answers: [Result<Rows, PostgresError>], durations: [Duration]) {
        var answers: [Result<Rows, PostgresError>] = []
        var durations: [Duration] = []
        var (homePlace, standInPlace) = (0, 0)
        for question in asked {
            let answer = question.isElsewhere ? standIn : home
            let place = question.isElsewhere ? standInPlace : homePlace
            if question.isElsewhere { standInPlace += 1 } else { homePlace += 1 }
            guard let answer, answer.along.indices.contains(place) else {
                answers.append(.failure(.init(.timeout, "the database that stands in was not asked")))
                durations.append(.zero)
                continue
            }
            answers.append(answer.along[place])
            durations.append(answer.alongDurations[place])
        }
        return (answers, durations)
    }

    /// Connected databases are asked along with the home; others connect only when the server has just answered there, and so does
    /// the new login: a frozen server gets no further connection.
    private func ask(
        _ server: ServerTraits, at time: Int64, by limit: ContinuousClock.Instant, along statements: [Statement],
        standIn: Int?, _ standInStatements: [Statement]
    ) async -> (PostgresDatabase.Answer, [(SampledDatabases.Entry, PostgresDatabase.Answer?)], LoginProbe.Verdict) {
        let all = databases.all
        func along(_ place: Int) -> [Statement] { place == standIn ? standInStatements : [] }
        return await withTaskGroup(of: (Int, PostgresDatabase.Answer).self) { group in
            var waiting: [Int] = []
            for (place, entry) in all.enumerated() {
                if await entry.database.session.isConnected() {
                    let along = along(place)
                    group.addTask { (place, await entry.database.ask(server, at: time, by: limit, along: along)) }
                } else {
                    waiting.append(place)
                }
            }
            let answer = await home.ask(
                server, at: time, by: limit, isSampled: databases.isHomeSampled, along: statements)
            var verdict = LoginProbe.Verdict.unknown
            if answer.silence == nil {
                for place in waiting {
                    let along = along(place)
                    group.addTask { (place, await all[place].database.ask(server, at: time, by: limit, along: along)) }
                }
                verdict = await tryLogin(at: time, by: limit)
            }
            var others = [PostgresDatabase.Answer?](repeating: nil, count: all.count)
            for await (place, answer) in group { others[place] = answer }
            return (answer, Array(zip(all, others)), verdict)
        }
    }

    private func tryLogin(at time: Int64, by limit: ContinuousClock.Instant) async -> LoginProbe.Verdict {
        let connects = await session.statistics().connects
        if connects != loginConnect {
            loginConnect = connects
            await login.forget(time, isAllowed: true)
        }
        return await login.look(at: time, by: limit)
    }

    // MARK: - What the server is

    /// Connects when needed, and learns at a new connection what the server is.
    func prepare(at time: Int64, by limit: ContinuousClock.Instant) async throws(PostgresError) -> PostgresDatabase.Preparation {
        let prepared = try await home.prepare(at: time, by: limit, along: SampledDatabases.statements)
        if let answers = prepared.answers { try await learn(answers, home: prepared.traits.name, at: time) }
        return prepared
    }

    private func learn(_ rows: [Rows], home: String, at time: Int64) async throws(PostgresError) {
        guard rows.count == SampledDatabases.statements.count else { return }
        var traits = try ServerTraits(rows[0])
        traits.address = identity.instance
        server = traits
        for gone in databases.update(try ListedDatabase.list(rows[1]), home: home, at: time) {
            states.forgetDatabase(gone.name)
            await gone.database.close()
        }
    }

    /// What was known before is kept when this fails: it is read again with the next sample.
    private func relearn(_ answers: [Result<Rows, PostgresError>], home: String, at time: Int64) async {
        do throws(PostgresError) {
            var rows: [Rows] = []
            for answer in answers { rows.append(try answer.get()) }
            try await learn(rows, home: home, at: time)
            states.note("list of databases", nil)
        } catch {
            states.note("list of databases", error)
        }
    }
}
