public import MetricsModel
public import Postgres

/// A database, sampled in one pipeline on one kept connection.
public actor PostgresTarget: SampleTarget {
    /// Kept back from the caller's deadline for reading the answers.
    private static let margin: Duration = .milliseconds(50)
    /// How often it is looked whether tables and extensions came or went.
    private static let factsMilliseconds: Int64 = 60_000

    public nonisolated let identity: TargetIdentity
    public nonisolated var upFamily: Family? { PostgresFamilies.up }

    /// In the order in which they are asked.
    public static let collectorNames =
        PostgresCollector.all.map(\.name) + ["auth", "business", "statements"] + PostgresCollector.sizes.map(\.name)

    private let session: PostgresSession
    private let settings: PostgresTargetSettings
    /// Milliseconds since the Unix epoch.
    private let now: @Sendable () -> Int64
    private var questions: [PostgresQuestion]
    private var facts: (value: ServerFacts, read: Int64, connect: Int)?
    private var cache: SeriesCache
    private var states: PostgresStates
    private var auth = AuthEvents()
    private var ratchets: [String: [[String]: Ratchet]] = [:]
    private var statements: StatementSampler

    /// Connects at the first sample. `log` gets one line for each change of state.
    public init(
        identity: TargetIdentity, session: PostgresSession, settings: PostgresTargetSettings = PostgresTargetSettings(),
        now: @escaping @Sendable () -> Int64, log: @escaping LogLine
    ) {
        self.identity = identity
        self.session = session
        self.settings = settings
        self.now = now
        cache = SeriesCache(constantLabels: identity.labels)
        states = PostgresStates(target: identity.name, log: log)
        statements = StatementSampler(top: settings.topStatements)
        var questions = PostgresCollector.all.map { PostgresQuestion($0) }
        questions.append(PostgresQuestion(.auth, reading: .auth))
        questions += settings.queries.map { PostgresQuestion($0) }
        questions.append(PostgresQuestion(.statements, reading: .statements))
        questions += PostgresCollector.sizes.map { PostgresQuestion($0) }
        self.questions = questions.filter { settings.isOn($0.collector) }
    }

    public func close() async { await session.close() }

    public func sample(deadline: ContinuousClock.Instant) async -> TargetSample {
        let started = ContinuousClock.now
        let limit = deadline - PostgresTarget.margin
        let time = now()
        var roundTrips = 0
        let version: Int
        do throws(PostgresError) {
            version = try await session.serverVersion(by: limit)
            roundTrips += try await readFacts(by: limit, at: time)
        } catch {
            return await down(error, since: started, roundTrips: roundTrips)
        }
        let known = facts?.value ?? ServerFacts()
        var plans = questions.map { $0.plan(at: time, known) }
        let asked = plans.indices.filter { if case .ask = plans[$0] { true } else { false } }
        let factsDue = facts.map { time - $0.read >= PostgresTarget.factsMilliseconds || time < $0.read } ?? true
        var batch = asked.map { statement(questions[$0], version, known) }
        // Texts before the totals that are told apart by them.
        let textsPlace = batch.count
        let texts = isAskingStatements(asked) ? statements.wantedTexts : nil
        if let texts {
            let question = PostgresCollector.statementTexts
            batch.append(Statement(question.sql(version, known), [texts], limits: question.limits))
        }
        if factsDue { batch.append(factsStatement) }
        let result = await session.pipeline(batch, by: limit)
        roundTrips += result.roundTrips
        guard !batch.isEmpty, isAnswered(result) else {
            return await down(
                result.ending.error ?? PostgresError(.internal, "nothing to ask"), since: started, roundTrips: roundTrips)
        }
        if factsDue { takeFacts(result, batch.count - 1, time) }

        if texts != nil, let rows = try? result.rows(textsPlace) { learn(rows) }
        var durations: [String: Duration] = [:]
        for (place, question) in asked.enumerated() {
            durations[questions[question].collector, default: .zero] += result.durations[place]
            plans[question] = take(question, Result { () throws(PostgresError) in try result.rows(place) }, time)
        }
        return await assemble(plans, durations, since: started, roundTrips: roundTrips)
    }

    // MARK: Questions

    private func isAskingStatements(_ asked: [Int]) -> Bool {
        asked.contains { if case .statements = questions[$0].reading { true } else { false } }
    }

    /// A text that cannot be read is asked for again: its statement's growth waits, and after a while counts as `other`.
    private func learn(_ rows: Rows) {
        do throws(PostgresError) {
            try statements.takeTexts(rows)
        } catch {
            states.note("statements: texts", error)
        }
    }

    private func statement(_ question: PostgresQuestion, _ version: Int, _ facts: ServerFacts) -> Statement {
        let parameters: [String?] =
            switch question.reading {
            case .auth: [auth.since]
            case .points, .business, .statements: question.parameters(settings)
            }
        return Statement(
            question.sql(version, facts), parameters, preparation: question.preparation, limits: question.limits)
    }

    private var factsStatement: Statement {
        let names = Set(questions.compactMap(\.relation)).subtracting([ServerFacts.statements]).sorted()
        return Statement(
            ServerFacts.sql, ["{\(names.map { quoted($0) }.joined(separator: ","))}"], limits: PostgresCollector.quick)
    }

    /// At a new connection, since the first questions depend on it; later it goes along with the others.
    private func readFacts(by limit: ContinuousClock.Instant, at time: Int64) async throws(PostgresError) -> Int {
        let connects = await session.statistics().connects
        if let facts, facts.connect == connects { return 0 }
        let rows = try await session.rows(factsStatement, by: limit)
        facts = (try ServerFacts(rows), time, connects)
        return 1
    }

    private func takeFacts(_ result: PipelineResult, _ place: Int, _ time: Int64) {
        guard let rows = try? result.rows(place), let value = try? ServerFacts(rows), let connect = facts?.connect else { return }
        facts = (value, time, connect)
    }

    /// The server is up when it said anything at all: what is late is what is dear.
    private func isAnswered(_ result: PipelineResult) -> Bool {
        if case .lost = result.ending { return false }
        return result.outcomes.contains { if case .late = $0 { false } else { true } }
    }

    private func take(_ place: Int, _ answer: Result<Rows, PostgresError>, _ time: Int64) -> PostgresQuestion.Plan {
        do throws(PostgresError) {
            let rows = try answer.get()
            switch questions[place].reading {
            case .points: break
            case .business(let query):
                if query.family.type == .counter {
                    for point in try query.points(rows) {
                        ratchets[query.family.name, default: [:]][point.labels, default: Ratchet()].take(point.value)
                    }
                }
            case .auth: try auth.take(rows)
            case .statements: try statements.take(rows)
            }
            questions[place].took(rows, at: time)
            return .reuse(rows)
        } catch {
            questions[place].failed(error, at: time)
            return .failed(error)
        }
    }

    // MARK: Answers

    private func assemble(
        _ plans: [PostgresQuestion.Plan], _ durations: [String: Duration], since started: ContinuousClock.Instant, roundTrips: Int
    ) async -> TargetSample {
        states.up()
        let own = await session.statistics()
        var sample = SampleBuilder(cache)
        sample.add(PostgresFamilies.up, [], 1)
        addOwnPool(own, to: &sample)
        var failed: Set<String> = []
        for (question, plan) in zip(questions, plans) {
            do throws(PostgresError) {
                switch plan {
                case .ask: throw .init(.internal, "not asked")
                case .failed(let error): throw error
                case .reuse(let rows): try add(question, rows, to: &sample)
                }
                states.note(question.name, nil)
            } catch {
                failed.insert(question.collector)
                states.note(question.name, error)
            }
        }
        let (families, kept) = sample.finish()
        cache = kept
        let collectors = PostgresTarget.collectorNames.filter { name in questions.contains { $0.collector == name } }
        return TargetSample(
            identity: identity, up: true, families: families,
            collectors: collectors.map {
                CollectorOutcome(name: $0, success: !failed.contains($0), duration: durations[$0] ?? .zero)
            }, duration: ContinuousClock.now - started, roundTrips: roundTrips)
    }

    private func add(_ question: PostgresQuestion, _ rows: Rows, to sample: inout SampleBuilder) throws(PostgresError) {
        switch question.reading {
        case .points(let read): try read(rows, &sample)
        case .business(let query):
            for point in try query.points(rows) {
                let ratchet = ratchets[query.family.name]?[point.labels]
                sample.add(query.family, point.labels, ratchet?.total ?? point.value)
            }
        case .auth:
            sample.add(PostgresFamilies.authAttempts, ["success", "audit_logs"], auth.counts.successes)
            sample.add(PostgresFamilies.authAttempts, ["failure", "audit_logs"], auth.counts.failures)
            sample.add(PostgresFamilies.lockouts, ["audit_logs"], auth.counts.lockouts)
        case .statements: statements.add(to: &sample)
        }
    }

    private func addOwnPool(_ own: PostgresSession.Statistics, to sample: inout SampleBuilder) {
        sample.add(PostgresFamilies.poolSize, ["vitals"], Double(own.size))
        sample.add(PostgresFamilies.poolInUse, ["vitals"], Double(own.inUse))
        sample.addHistogram(
            PostgresFamilies.poolWait, ["vitals"], bounds: WaitHistogram.bounds, cumulative: own.waits.cumulative,
            sum: own.waits.sum)
    }

    private func down(_ error: PostgresError, since started: ContinuousClock.Instant, roundTrips: Int) async -> TargetSample {
        states.down(error)
        let own = await session.statistics()
        var sample = SampleBuilder(cache)
        sample.add(PostgresFamilies.up, [], 0)
        addOwnPool(own, to: &sample)
        let (families, kept) = sample.finish()
        cache = kept
        let collectors = PostgresTarget.collectorNames.filter { name in questions.contains { $0.collector == name } }
        let duration = ContinuousClock.now - started
        return TargetSample(
            identity: identity, up: false, families: families,
            collectors: collectors.map { CollectorOutcome(name: $0, success: false, duration: duration) }, duration: duration,
            roundTrips: roundTrips)
    }
}
