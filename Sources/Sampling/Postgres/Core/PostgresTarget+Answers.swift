internal import MetricsModel
internal import Postgres

extension PostgresTarget {
    /// What the databases said, as a sample.
    func assemble(
        _ answer: PostgresDatabase.Answer, _ others: [(SampledDatabases.Entry, PostgresDatabase.Answer?)],
        _ verdict: LoginProbe.Verdict,
        _ remembered: (families: [FamilySamples], outcomes: [PostgresDatabase.Outcome]), since started: ContinuousClock.Instant,
        at time: Int64, roundTrips: Int
    ) async -> TargetSample {
        states.up()
        states.login(verdict.refusal)
        var questions = answer.outcomes + remembered.outcomes
        var isUp: [(name: String, isUp: Bool)] = databases.isHomeSampled ? [(databases.home, true)] : []
        for (entry, other) in others {
            let silence = other?.silence
            isUp.append((entry.name, silence == nil))
            // A dropped database has no more to say; the list of databases will tell.
            if silence?.sqlState == "3D000" { databases.forgetList() } else { states.database(entry.name, silence) }
            if silence == nil, let other { questions += other.outcomes }
        }
        note(questions)
        var merged = MergedFamilies(reserved: PostgresFamilies.reserved)
        for question in questions {
            if case .families(let reading) = question.result { merged.add(reading, question.collector, question.question) }
        }
        merged.add(QuestionReading(families: remembered.families), "business", "")
        let (families, duplicates) = merged.finish()
        let outcomes = reports.outcomes(questions, duplicates: duplicates, at: time)
        let duration = ContinuousClock.now - started
        let own = await ownFamilies(isUp: verdict.refusal == nil, outcomes, duration) { sample in
            for (name, isUp) in isUp { sample.add(PostgresFamilies.databaseUp, [name], isUp ? 1 : 0) }
            for (reason, count) in databases.skipped.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                sample.add(PostgresFamilies.databasesSkipped, [reason.rawValue], Double(count))
            }
            let refused = verdict.refusal.map { LoginReason($0) }
            for reason in LoginReason.allCases {
                sample.add(PostgresFamilies.loginError, [reason.rawValue], reason == refused ? 1 : 0)
            }
            if case .allowed(let took?) = verdict { sample.add(PostgresFamilies.loginDuration, took.seconds) }
        }
        return TargetSample(
            identity: identity, up: true, families: own + families, collectors: outcomes,
            duration: duration, roundTrips: roundTrips)
    }

    /// One line for each question whose state changed, over all databases.
    private func note(_ questions: [PostgresDatabase.Outcome]) {
        var failures: [String: PostgresError] = [:]
        var order: [String] = []
        var seen: Set<String> = []
        for question in questions {
            if case .failed(let error) = question.result, failures[question.question] == nil {
                failures[question.question] = error
            }
            if seen.insert(question.question).inserted { order.append(question.question) }
        }
        for name in order { states.note(name, failures[name]) }
    }

    private func ownFamilies(
        isUp: Bool, _ outcomes: [CollectorOutcome], _ duration: Duration, _ more: (inout SampleBuilder) -> Void = { _ in }
    ) async -> [FamilySamples] {
        let pool = await databases.poolStatistics(with: session)
        var sample = SampleBuilder(cache)
        sample.add(PostgresFamilies.up, isUp ? 1 : 0)
        sample.add(PostgresFamilies.poolSize, ["vitals"], Double(pool.size))
        sample.add(PostgresFamilies.poolInUse, ["vitals"], Double(pool.inUse))
        sample.addHistogram(
            PostgresFamilies.poolWait, ["vitals"], bounds: WaitHistogram.bounds, cumulative: pool.waits.cumulative,
            sum: pool.waits.sum)
        sample.add(PostgresFamilies.scrapes, Double(scrapes))
        sample.add(PostgresFamilies.scrapeDuration, duration.seconds)
        sample.add(PostgresFamilies.scrapeError, isUp && outcomes.allSatisfy(\.success) ? 0 : 1)
        for outcome in outcomes {
            sample.add(PostgresFamilies.collectorSuccess, [outcome.name], outcome.success ? 1 : 0)
            sample.add(PostgresFamilies.collectorDuration, [outcome.name], outcome.duration.seconds)
        }
        more(&sample)
        let (families, kept) = sample.finish()
        cache = kept
        return families
    }

    /// A sample of a server that did not answer.
    func down(_ error: PostgresError, since started: ContinuousClock.Instant, roundTrips: Int) async -> TargetSample {
        states.down(error)
        let duration = ContinuousClock.now - started
        let outcomes = reports.silent(after: duration)
        return TargetSample(
            identity: identity, up: false, families: await ownFamilies(isUp: false, outcomes, duration), collectors: outcomes,
            duration: duration, roundTrips: roundTrips)
    }
}
