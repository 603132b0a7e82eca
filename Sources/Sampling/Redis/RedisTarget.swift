public import MetricsModel
public import Redis

/// A Redis, sampled in one pipeline on one kept connection.
public actor RedisTarget: SampleTarget {
    /// Kept back from the caller's deadline for reading the answers.
    private static let margin: Duration = .milliseconds(50)

    public nonisolated let identity: TargetIdentity
    public nonisolated var upFamily: Family? { RedisFamilies.up }

    private let session: RedisSession
    private let settings: RedisTargetSettings
    /// Milliseconds since the Unix epoch.
    private let now: @Sendable () -> Int64
    private var sections: InfoSections
    private var window = CacheWindow()
    private var queues: QueueProbe
    private var cache: SeriesCache
    private var states: CollectorStates
    /// Servers before 7.0 do not tell `maxclients` in INFO.
    private var asksConfig = false

    private static let info = RedisCommand("INFO", "ALL")
    private static let slowlog = [RedisCommand("SLOWLOG", "LEN"), RedisCommand("SLOWLOG", "GET", "1")]
    private static let latency = RedisCommand("LATENCY", "LATEST")
    private static let config = [RedisCommand("CONFIG", "GET", "maxclients"), RedisCommand("CONFIG", "GET", "maxmemory")]

    /// Connects at the first sample. `log` gets one line for each change of state.
    public init(
        identity: TargetIdentity, url: RedisURL, settings: RedisTargetSettings = RedisTargetSettings(),
        now: @escaping @Sendable () -> Int64, log: @escaping LogLine
    ) {
        self.identity = identity
        self.settings = settings
        self.now = now
        session = RedisSession(url)
        sections = InfoSections(settings)
        queues = QueueProbe(settings.collectors.contains(.queues) ? settings.queues : [], ownDatabase: url.database)
        cache = SeriesCache(constantLabels: identity.labels)
        states = CollectorStates(target: identity.name, log: log)
    }

    public func close() async {
        await session.close()
    }

    public func sample(deadline: ContinuousClock.Instant) async -> TargetSample {
        let started = ContinuousClock.now
        let opened = await session.connectionsOpened
        let asksConfig = self.asksConfig && settings.collectors.contains(.config)
        var commands = [Self.info]
        if settings.collectors.contains(.slowlog) { commands += Self.slowlog }
        if settings.collectors.contains(.latency) { commands.append(Self.latency) }
        if asksConfig { commands += Self.config }
        let time = now()
        commands += queues.commands(now: time)

        let answers = await session.pipeline(commands, deadline: deadline - Self.margin)
        // A new connection has said its greeting first.
        var roundTrips = await session.connectionsOpened > opened ? 2 : 1
        var rest = answers[...]

        guard case .success(let reply) = rest.popFirst(), let bytes = reply.bytes else {
            return withoutInfo(answers, since: started, roundTrips: roundTrips)
        }
        let info = InfoText(bytes)
        var sample = SampleBuilder(cache)
        sample.add(RedisFamilies.up, [], 1)
        states.up()
        sections.add(info, now: time, to: &sample)
        if settings.collectors.contains(.cache) { window.add(info, to: &sample) }

        var failures: [RedisCollector: RedisError] = [:]
        if settings.collectors.contains(.slowlog) { failures[.slowlog] = addSlowlog(&rest, to: &sample) }
        if settings.collectors.contains(.latency) { failures[.latency] = addLatency(rest.popFirst(), to: &sample) }
        let settingAnswers = asksConfig ? (rest.popFirst(), rest.popFirst()) : nil
        failures[.config] = addConfig(info, settingAnswers, to: &sample)
        if !queues.isEmpty {
            var outcome = queues.read(rest, now: time, to: &sample)
            if !outcome.again.isEmpty {
                roundTrips += 1
                let more = await session.pipeline(queues.commands(again: outcome.again), deadline: deadline - Self.margin)
                let second = queues.read(again: outcome.again, more, to: &sample)
                outcome.lookups = outcome.lookups.flatMap { first in second.lookups.map { first + $0 } }
                outcome.failure = outcome.failure ?? second.failure
            }
            noteTooLarge(answers)
            failures[.queues] = outcome.failure
            window.asked(outcome.lookups)
        }
        let (families, kept) = sample.finish()
        cache = kept
        let duration = ContinuousClock.now - started
        return TargetSample(
            identity: identity, up: true, families: families, collectors: outcomes(failures, duration), duration: duration,
            roundTrips: roundTrips)
    }

    // MARK: Answers

    /// No INFO: away, refused, late, or not permitted. A server that refuses only INFO is up.
    private func withoutInfo(
        _ answers: [RedisAnswer], since started: ContinuousClock.Instant, roundTrips: Int
    ) -> TargetSample {
        let error: RedisError =
            if case .failure(let error) = answers.first { error } else {
                RedisError(.malformedReply, "INFO answered with no text")
            }
        // What the questions behind INFO did is unknown when they were late, and of no use without the next INFO.
        if !queues.isEmpty { window.asked(nil) }
        noteTooLarge(answers)
        let up = error.code == .noPerm
        if up { states.up() } else { states.down(error) }
        var sample = SampleBuilder(cache)
        sample.add(RedisFamilies.up, [], up ? 1 : 0)
        let (families, kept) = sample.finish()
        cache = kept
        let duration = ContinuousClock.now - started
        let collectors =
            up
            ? outcomes(Dictionary(uniqueKeysWithValues: asked.map { ($0, error) }), duration)
            : asked.map { CollectorOutcome(name: $0.rawValue, success: false, duration: duration) }
        return TargetSample(
            identity: identity, up: up, families: families, collectors: collectors, duration: duration, roundTrips: roundTrips)
    }

    /// The collectors that take part, in their order.
    private var asked: [RedisCollector] {
        RedisCollector.allCases.filter { settings.collectors.contains($0) && ($0 != .queues || !queues.isEmpty) }
    }

    private func outcomes(_ failures: [RedisCollector: RedisError], _ duration: Duration) -> [CollectorOutcome] {
        asked.map { collector in
            states.note(collector, failures[collector])
            return CollectorOutcome(name: collector.rawValue, success: failures[collector] == nil, duration: duration)
        }
    }

    private func noteTooLarge(_ answers: [RedisAnswer]) {
        for case .failure(let error) in answers where error.code == .replyTooLarge { queues.readsEntries = false }
    }

    private func addSlowlog(_ rest: inout ArraySlice<RedisAnswer>, to sample: inout SampleBuilder) -> RedisError? {
        let (length, newest) = (rest.popFirst(), rest.popFirst())
        if case .success(let reply) = length { sample.add(RedisFamilies.slowlogLength, [], reply.integer.map(Double.init)) }
        // [[id, Unix time, microseconds, arguments, …]], an empty array when nothing was slow.
        if case .success(let reply) = newest, let entry = reply.array?.first?.array, entry.count > 2 {
            sample.add(RedisFamilies.slowlogLastID, [], entry[0].integer.map(Double.init))
            sample.add(RedisFamilies.slowlogLastSeconds, [], entry[2].integer.map { Double($0) / 1e6 })
        }
        return failure(length) ?? failure(newest)
    }

    private func addLatency(_ answer: RedisAnswer?, to sample: inout SampleBuilder) -> RedisError? {
        if case .success(let reply) = answer {
            // [[event, Unix time of the newest, its milliseconds, the greatest's milliseconds], …]
            for event in reply.array ?? [] {
                guard let parts = event.array, parts.count > 2, let name = parts[0].text else { continue }
                sample.add(RedisFamilies.spikeLast, [name], parts[1].integer.map(Double.init))
                sample.add(RedisFamilies.spikeSeconds, [name], parts[2].integer.map { Double($0) / 1_000 })
            }
        }
        return failure(answer)
    }

    /// INFO has both settings since Redis 7.0, and needs no right to read every setting, passwords among them.
    private func addConfig(
        _ info: InfoText, _ answers: (RedisAnswer?, RedisAnswer?)?, to sample: inout SampleBuilder
    ) -> RedisError? {
        func value(_ field: String, _ answer: RedisAnswer?) -> Double? {
            if let number = info.number(field) { return number }
            guard case .success(let reply) = answer, let pair = reply.array, pair.count == 2 else { return nil }
            return pair[1].text.flatMap { Double($0) }
        }
        asksConfig = info.number("maxclients") == nil || info.number("maxmemory") == nil
        sample.add(RedisFamilies.configMaxClients, [], value("maxclients", answers?.0))
        sample.add(RedisFamilies.configMaxMemory, [], value("maxmemory", answers?.1))
        return answers.flatMap { failure($0.0) ?? failure($0.1) }
    }

    private func failure(_ answer: RedisAnswer?) -> RedisError? {
        switch answer {
        case .none: RedisError(.late, "no reply")
        case .some(.success): nil
        case .some(.failure(let error)): error
        }
    }
}
