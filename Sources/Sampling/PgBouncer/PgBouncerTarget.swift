public import MetricsModel
public import Postgres

/// A PgBouncer, sampled over its administration console on one kept connection.
public actor PgBouncerTarget: SampleTarget {
    /// Kept back from the caller's deadline for reading the answers.
    private static let margin: Duration = .milliseconds(50)

    public nonisolated let identity: TargetIdentity
    public nonisolated var upFamily: Family? { PgBouncerFamilies.up }

    public static let collectorNames = PgBouncerCollector.all.map(\.name)

    private let session: PostgresSession
    private let settings: PgBouncerTargetSettings
    private let collectors: [PgBouncerCollector]
    private let commands: Set<PgBouncerCommand>
    /// Milliseconds since the Unix epoch.
    private let now: @Sendable () -> Int64
    private let log: LogLine
    private var answers = PgBouncerAnswers()
    /// The connections that there have been when `answers` came.
    private var connects = 0
    private var listsClients = true
    /// When each collector's command was last answered, milliseconds since the Unix epoch.
    private var successes: [String: Int64] = [:]
    private var cache: SeriesCache
    private var states: PostgresStates

    /// The address of a console: what it does not say is PgBouncer's own, port 6432 and the database `pgbouncer`. Throws
    /// `configuration` as `PostgresConfiguration` does.
    public static func address(_ url: String) throws(PostgresError) -> PostgresConfiguration {
        try PostgresConfiguration(url, purpose: .console, defaults: ["port": "6432", "dbname": PgBouncerPools.console])
    }

    /// Connects at the first sample. `address` comes from `address(_:)`. `log` gets one line for each change of state.
    public init(
        identity: TargetIdentity, address: PostgresConfiguration, readiness: Readiness,
        settings: PgBouncerTargetSettings = PgBouncerTargetSettings(), now: @escaping @Sendable () -> Int64,
        log: @escaping LogLine
    ) {
        self.identity = identity
        self.settings = settings
        self.now = now
        self.log = log
        session = PostgresSession(address, readiness: readiness)
        collectors = PgBouncerCollector.all.filter { settings.isOn($0.name) }
        // The sizes of pools stand with their databases.
        let readsPools = collectors.contains { if case .pools = $0.reading { true } else { false } }
        commands = Set(collectors.map(\.command) + (readsPools ? [.databases] : []))
        cache = SeriesCache(constantLabels: identity.labels)
        states = PostgresStates(kind: "pgbouncer", target: identity.name, log: log)
    }

    public func close() async { await session.close() }

    public func sample(deadline: ContinuousClock.Instant) async -> TargetSample {
        let started = ContinuousClock.now
        let time = now()
        decideOnClients()
        let due = answers.due(listsClients ? commands : commands.subtracting([.clients]), at: time)
        let result = await session.ask(due.map(\.rawValue), by: deadline - PgBouncerTarget.margin)
        if let error = await failure(result) { return down(error, since: started, roundTrips: result.roundTrips) }
        let connected = await session.statistics().connects
        // Another process, or the same with another configuration, may be there now.
        if connected != connects { answers.forget() }
        connects = connected
        answers.took(result, due, at: time)
        return await assemble(since: started, at: time, roundTrips: result.roundTrips)
    }

    // MARK: Answers

    /// By what the sample before saw.
    private func decideOnClients() {
        guard commands.contains(.clients), let used = answers.usedClients else { return }
        let lists = used <= settings.listedClientsMax
        if lists != listsClients {
            log(
                lists ? .info : .warning,
                "pgbouncer \(identity.name): \(used) clients, \(lists ? "listed again" : "too many to list"): pgbouncer_clients is \(lists ? "on" : "off")"
            )
        }
        listsClients = lists
    }

    /// Why PgBouncer counts as down; nil when it answered anything in time: what is late is what is dear.
    private func failure(_ result: PipelineResult) async -> PostgresError? {
        if case .lost(let error) = result.ending { return error }
        var refusal: PostgresError?
        for outcome in result.outcomes {
            switch outcome {
            case .rows: return nil
            case .failed(let error): refusal = refusal ?? error
            case .late: break
            }
        }
        guard let refusal else { return result.ending.error ?? PostgresError(.internal, "nothing was answered") }
        let version = await session.parameter("server_version") ?? ""
        if version.hasSuffix("/bouncer") { return refusal }
        return PostgresError(
            .configuration,
            "\(identity.instance) answers, but not as PgBouncer's console does (\(refusal.message)); the address must name the database \(PgBouncerPools.console)"
        )
    }

    private func assemble(since started: ContinuousClock.Instant, at time: Int64, roundTrips: Int) async -> TargetSample {
        states.up()
        var sample = SampleBuilder(cache)
        sample.add(PgBouncerFamilies.up, 1)
        addVersion(await session.parameter("server_version"), to: &sample)
        let clock = answers.rowsIfThere(.clients).flatMap { try? PgBouncerSockets.now($0) }
        let outcomes = collectors.map { outcome(of: $0, clock, at: time, &sample) }
        return finish(sample, up: true, outcomes, since: started, roundTrips: roundTrips)
    }

    private func outcome(
        of collector: PgBouncerCollector, _ clock: ConsoleTime?, at time: Int64, _ sample: inout SampleBuilder
    ) -> CollectorOutcome {
        let name = collector.name
        if collector.command == .clients, !listsClients {
            return CollectorOutcome(
                name: name, success: true, duration: .zero, isAsked: false, skipped: ["limit": 1], lastSuccess: successes[name])
        }
        var dropped = 0
        var failure: PostgresError?
        do throws(PostgresError) {
            let points = try read(collector, clock)
            for point in points.all { sample.add(point.family, point.labels, point.value) }
            dropped = points.dropped
            if answers.durations[collector.command] != nil { successes[name] = time }
        } catch {
            failure = error
        }
        states.note(name, failure)
        return CollectorOutcome(
            name: name, success: failure == nil, duration: answers.durations[collector.command] ?? .zero,
            lastSuccess: successes[name], droppedSeries: dropped)
    }

    private func read(_ collector: PgBouncerCollector, _ clock: ConsoleTime?) throws(PostgresError) -> PgBouncerPoints {
        let rows = try answers.rows(collector.command)
        switch collector.reading {
        case .table(let table): return try table.points(rows, seriesMax: settings.seriesMax)
        case .pools(let table):
            var points = try table.points(rows, seriesMax: settings.seriesMax)
            try points.append(
                PgBouncerPools.points(rows, databases: answers.rowsIfThere(.databases), seriesMax: settings.seriesMax))
            return points
        case .sockets(let sockets): return try sockets.points(rows, now: clock, seriesMax: settings.seriesMax)
        case .entries(let names, let entries):
            var points = PgBouncerPoints()
            for row in rows {
                guard let key = try row.string(names.key), let known = entries[key] else { continue }
                guard let value = try row.double(names.value) else { continue }
                for entry in known { points.add(entry.family, [], value) }
            }
            return points
        }
    }

    /// `1.18.0/bouncer`: the console's greeting says what `SHOW VERSION` would, without a round trip.
    private func addVersion(_ text: String?, to sample: inout SampleBuilder) {
        guard let number = text?.split(separator: "/").first else { return }
        sample.add(PgBouncerFamilies.versionInfo, ["PgBouncer \(number)"], 1)
        let parts = number.split(separator: ".").map { Int($0.prefix { $0.isNumber }) }
        guard parts.count >= 2, let major = parts[0], let minor = parts[1] else { return }
        let patch = parts.count > 2 ? parts[2] ?? 0 : 0
        sample.add(PgBouncerFamilies.version, Double(major * 10_000 + minor * 100 + patch))
    }

    private func down(_ error: PostgresError, since started: ContinuousClock.Instant, roundTrips: Int) -> TargetSample {
        states.down(error)
        answers.forget()
        var sample = SampleBuilder(cache)
        sample.add(PgBouncerFamilies.up, 0)
        let duration = ContinuousClock.now - started
        return finish(
            sample, up: false,
            collectors.map {
                CollectorOutcome(name: $0.name, success: false, duration: duration, lastSuccess: successes[$0.name])
            },
            since: started, roundTrips: roundTrips)
    }

    private func finish(
        _ sample: consuming SampleBuilder, up: Bool, _ outcomes: [CollectorOutcome], since started: ContinuousClock.Instant,
        roundTrips: Int
    ) -> TargetSample {
        let (families, kept) = sample.finish()
        cache = kept
        return TargetSample(
            identity: identity, up: up, families: families, collectors: outcomes, duration: ContinuousClock.now - started,
            roundTrips: roundTrips)
    }
}
