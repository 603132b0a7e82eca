import MetricsModel
import Redis

/// The questions about the configured queues, and how their answers become families. Per key only commands of constant or logarithmic cost.
struct QueueProbe {
    /// One queue with what is remembered of it.
    private struct Watched {
        let queue: RedisQueue
        let lengths: [RedisCommand]
        var failed: Auxiliary?
        var active: Auxiliary?
        /// The lowest ID that some group has had delivered last, from the sample before: behind it the next entry waits.
        var deliveredThrough: StreamID?
    }

    /// A key beside the queue's own, whose type is found out: the first that does not answer WRONGTYPE.
    private struct Auxiliary {
        let key: String
        var kind = KeyKind.list
        var command: RedisCommand

        init(_ key: String) {
            self.key = key
            command = RedisCommand(kind.lengthCommand, key)
        }

        mutating func become(_ kind: KeyKind) {
            self.kind = kind
            command = RedisCommand(kind.lengthCommand, key)
        }
    }

    private var watched: [Watched]
    /// Databases in the order of asking, the connection's own first: no SELECT for it.
    private let databases: [Int]
    private let ownDatabase: Int
    /// False after an entry was too large to be read: from then on the oldest age of streams without pending entries stays unknown.
    var readsEntries = true

    init(_ queues: [RedisQueue], ownDatabase: Int) {
        self.ownDatabase = ownDatabase
        watched = queues.map { queue in
            let lengths =
                switch queue.kind {
                case .list: [RedisCommand("LLEN", queue.key)]
                case .sortedSet: [RedisCommand("ZCARD", queue.key), RedisCommand("ZRANGE", queue.key, "0", "0", "WITHSCORES")]
                case .stream: [RedisCommand("XLEN", queue.key), RedisCommand("XINFO", "GROUPS", queue.key)]
                }
            return Watched(
                queue: queue, lengths: lengths, failed: queue.failedKey.map { Auxiliary($0) },
                active: queue.kind == .stream ? nil : queue.activeKey.map { Auxiliary($0) })
        }
        let others = Set(queues.map { $0.database ?? ownDatabase }).subtracting([ownDatabase])
        databases = [ownDatabase] + others.sorted()
    }

    var isEmpty: Bool { watched.isEmpty }

    /// All questions of one sample, in the order in which `read` takes the answers. `now` in milliseconds since the epoch.
    func commands(now: Int64) -> [RedisCommand] {
        var commands: [RedisCommand] = []
        for database in databases {
            if database != ownDatabase { commands.append(RedisCommand("SELECT", "\(database)")) }
            for one in watched where (one.queue.database ?? ownDatabase) == database {
                commands += one.lengths
                switch one.queue.kind {
                case .list: break
                case .sortedSet:
                    // Whether scores are seconds or milliseconds is seen in the answer to ZRANGE.
                    commands.append(RedisCommand("ZCOUNT", one.queue.key, "-inf", "\(now / 1_000)"))
                    commands.append(RedisCommand("ZCOUNT", one.queue.key, "-inf", "\(now)"))
                case .stream:
                    if readsEntries {
                        let after = one.deliveredThrough.map { "(\($0)" } ?? "-"
                        commands.append(RedisCommand("XRANGE", one.queue.key, after, "+", "COUNT", "1"))
                    }
                }
                if let failed = one.failed { commands.append(failed.command) }
                if let active = one.active { commands.append(active.command) }
            }
        }
        if databases.count > 1 { commands.append(RedisCommand("SELECT", "\(ownDatabase)")) }
        return commands
    }

    /// What one reading of the queues gave.
    struct Outcome {
        /// Nil when it can't be known.
        var lookups: Lookups? = Lookups()
        /// The first thing that went wrong, with the queue's name before it.
        var failure: RedisError?
        /// Keys beside a queue whose type is another than remembered: to be asked again, with these commands.
        var again: [Again] = []

        mutating func count(_ answers: KeyAnswers, of queue: RedisQueue) {
            lookups = lookups.flatMap { sum in answers.counted.map { sum + $0 } }
            if let error = answers.failure { fail(error, queue) }
        }

        mutating func fail(_ error: RedisError, _ queue: RedisQueue) {
            failure = failure ?? RedisError(error.code, "queue \(queue.name): \(error.message)")
        }
    }

    /// A key whose type has to be found.
    struct Again {
        fileprivate let place: Int
        fileprivate let isFailedKey: Bool
        fileprivate let key: String
        fileprivate let kinds: [KeyKind]
        fileprivate let database: Int
    }

    /// Takes the answers of `commands(now:)`.
    mutating func read(_ answers: ArraySlice<RedisAnswer>, now: Int64, to sample: inout SampleBuilder) -> Outcome {
        var outcome = Outcome()
        var rest = answers
        for database in databases {
            // Refused, the following questions went to another database: their answers count as look-ups and for nothing else.
            var selected = true
            if database != ownDatabase, case .failure = rest.popFirst() { selected = false }
            for place in watched.indices where (watched[place].queue.database ?? ownDatabase) == database {
                if selected {
                    var one = watched[place]
                    read(&one, place, &rest, now, &sample, &outcome)
                    watched[place] = one
                } else {
                    var one = watched[place]
                    var ignored = SampleBuilder(SeriesCache())
                    read(&one, place, &rest, now, &ignored, &outcome)
                    outcome.fail(RedisError(.server, "database \(database) cannot be selected"), one.queue)
                    outcome.again.removeAll { $0.place == place }
                }
            }
        }
        return outcome
    }

    private func read(
        _ one: inout Watched, _ place: Int, _ rest: inout ArraySlice<RedisAnswer>, _ now: Int64, _ sample: inout SampleBuilder,
        _ outcome: inout Outcome
    ) {
        switch one.queue.kind {
        case .list:
            var key = KeyAnswers()
            let length = key.length(rest.popFirst())
            outcome.count(key, of: one.queue)
            if let length { add(one.queue, length: length, waiting: length, to: &sample) }
        case .sortedSet: readSortedSet(one.queue, &rest, now, &sample, &outcome)
        case .stream: readStream(&one, &rest, now, &sample, &outcome)
        }
        readAuxiliary(one.failed, isFailedKey: true, one.queue, place, &rest, &sample, &outcome)
        readAuxiliary(one.active, isFailedKey: false, one.queue, place, &rest, &sample, &outcome)
    }

    private func add(_ queue: RedisQueue, length: Int64, waiting: Int64, to sample: inout SampleBuilder) {
        sample.add(RedisFamilies.keySize, [label(queue), queue.key], Double(length))
        addJobs(queue, "waiting", waiting, &sample)
    }

    private func addJobs(_ queue: RedisQueue, _ state: String, _ count: Int64, _ sample: inout SampleBuilder) {
        sample.add(RedisFamilies.queueJobs, [queue.kind.rawValue, queue.name, state], Double(count))
    }

    private func label(_ queue: RedisQueue) -> String { "db\(queue.database ?? ownDatabase)" }

    // MARK: Sorted sets

    private func readSortedSet(
        _ queue: RedisQueue, _ rest: inout ArraySlice<RedisAnswer>, _ now: Int64, _ sample: inout SampleBuilder,
        _ outcome: inout Outcome
    ) {
        var key = KeyAnswers()
        let size = key.length(rest.popFirst())
        let first = key.elements(rest.popFirst(), emptyMeansAbsent: true)
        let dueSeconds = key.length(rest.popFirst(), emptyMeansAbsent: false)
        let dueMilliseconds = key.length(rest.popFirst(), emptyMeansAbsent: false)
        outcome.count(key, of: queue)
        let score = first?.last?.text.flatMap { Double($0) }
        // 1e11 seconds is the year 5138, 1e11 milliseconds is March 1973.
        let inMilliseconds = (score ?? 0) > 1e11
        guard let size, let due = inMilliseconds ? dueMilliseconds : dueSeconds else { return }
        add(queue, length: size, waiting: min(due, size), to: &sample)
        addJobs(queue, "delayed", max(0, size - due), &sample)
        // A score of 0 or below is no time: some queues put urgent jobs there.
        if due > 0, let score, score > 0 {
            let age = Double(now) / 1_000 - score / (inMilliseconds ? 1_000 : 1)
            sample.add(RedisFamilies.queueOldest, [queue.kind.rawValue, queue.name], max(0, age))
        }
    }

    // MARK: Streams

    private func readStream(
        _ one: inout Watched, _ rest: inout ArraySlice<RedisAnswer>, _ now: Int64, _ sample: inout SampleBuilder,
        _ outcome: inout Outcome
    ) {
        let queue = one.queue
        var key = KeyAnswers()
        let length = key.length(rest.popFirst(), emptyMeansAbsent: false)
        let groups = key.groups(rest.popFirst())
        let next = readsEntries ? key.elements(rest.popFirst(), emptyMeansAbsent: false) : nil
        outcome.count(key, of: queue)
        guard let length else { return }
        let names = [label(queue), queue.key]
        sample.add(RedisFamilies.keySize, names, Double(length))
        sample.add(RedisFamilies.streamLength, names, Double(length))
        // No such key: an empty stream without groups.
        guard let groups = groups ?? (key.isPresent == false ? [] : nil) else { return }
        let states = groups.compactMap { StreamGroup($0) }
        sample.add(RedisFamilies.streamGroups, names, Double(states.count))
        for group in states {
            sample.add(RedisFamilies.groupPending, names + [group.name], group.pending.map(Double.init))
            sample.add(RedisFamilies.groupLag, names + [group.name], group.lag.map(Double.init))
            sample.add(RedisFamilies.groupConsumers, names + [group.name], group.consumers.map(Double.init))
        }
        let asked = one.deliveredThrough
        one.deliveredThrough = states.compactMap(\.lastDelivered).min()
        addJobs(queue, "active", states.reduce(0) { $0 + ($1.pending ?? 0) }, &sample)
        let lags = states.map(\.lag)
        // One group whose lag Redis does not know makes the sum unknown, not smaller.
        let waiting = states.isEmpty ? length : lags.contains(nil) ? nil : lags.reduce(0) { $0 + ($1 ?? 0) }
        if let waiting { addJobs(queue, "waiting", waiting, &sample) }

        guard waiting.map({ $0 > 0 }) ?? false, let first = next?.first?.array?.first?.text.flatMap(StreamID.init) else { return }
        // The entry behind what had been delivered a sample ago. When the group has passed it since, what waits came after what the
        // group had last: at most that old.
        let oldest =
            one.deliveredThrough.map { delivered in
                asked.map { $0 <= delivered && first > delivered } ?? (first > delivered) ? first : delivered
            } ?? first
        guard oldest.milliseconds > 0 else { return }
        sample.add(
            RedisFamilies.queueOldest, [queue.kind.rawValue, queue.name], max(0, Double(now - oldest.milliseconds) / 1_000))
    }

    // MARK: Keys beside the queue

    private func readAuxiliary(
        _ auxiliary: Auxiliary?, isFailedKey: Bool, _ queue: RedisQueue, _ place: Int, _ rest: inout ArraySlice<RedisAnswer>,
        _ sample: inout SampleBuilder, _ outcome: inout Outcome
    ) {
        guard let auxiliary else { return }
        let answer = rest.popFirst()
        var key = KeyAnswers()
        let length = key.length(answer, emptyMeansAbsent: auxiliary.kind != .stream)
        if let length {
            outcome.count(key, of: queue)
            addAuxiliary(auxiliary.key, isFailedKey, queue, length, &sample)
        } else if key.failure?.code == .wrongType {
            outcome.lookups = outcome.lookups.map { $0 + Lookups(hits: 1) }
            outcome.again.append(
                Again(
                    place: place, isFailedKey: isFailedKey, key: auxiliary.key,
                    kinds: KeyKind.allCases.filter { $0 != auxiliary.kind }, database: queue.database ?? ownDatabase))
        } else {
            outcome.count(key, of: queue)
        }
    }

    private func addAuxiliary(
        _ key: String, _ isFailedKey: Bool, _ queue: RedisQueue, _ length: Int64, _ sample: inout SampleBuilder
    ) {
        sample.add(RedisFamilies.keySize, [label(queue), key], Double(length))
        addJobs(queue, isFailedKey ? "failed" : "active", length, &sample)
    }

    /// The questions that find out the types of keys; only after a key has become another type.
    func commands(again: [Again]) -> [RedisCommand] {
        again.flatMap { one -> [RedisCommand] in
            let asks = one.kinds.map { RedisCommand($0.lengthCommand, one.key) }
            guard one.database != ownDatabase else { return asks }
            return [RedisCommand("SELECT", "\(one.database)")] + asks + [RedisCommand("SELECT", "\(ownDatabase)")]
        }
    }

    mutating func read(again: [Again], _ answers: [RedisAnswer], to sample: inout SampleBuilder) -> Outcome {
        var outcome = Outcome()
        var rest = answers[...]
        for one in again {
            var selected = true
            if one.database != ownDatabase, case .failure = rest.popFirst() { selected = false }
            let queue = watched[one.place].queue
            var found: (kind: KeyKind, length: Int64)?
            for kind in one.kinds {
                var key = KeyAnswers()
                let length = key.length(rest.popFirst(), emptyMeansAbsent: kind != .stream)
                outcome.lookups = outcome.lookups.flatMap { sum in key.counted.map { sum + $0 } }
                if let length, found == nil { found = (kind, length) }
            }
            if one.database != ownDatabase { _ = rest.popFirst() }
            guard selected, let found else {
                outcome.fail(RedisError(.wrongType, "the length of \(one.key) cannot be asked"), queue)
                continue
            }
            if one.isFailedKey {
                watched[one.place].failed?.become(found.kind)
            } else {
                watched[one.place].active?.become(found.kind)
            }
            addAuxiliary(one.key, one.isFailedKey, queue, found.length, &sample)
        }
        return outcome
    }
}
