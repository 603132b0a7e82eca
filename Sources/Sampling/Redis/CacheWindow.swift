import MetricsModel

/// Key look-ups in Redis' own books.
struct Lookups: Sendable, Equatable {
    var hits: Double = 0
    var misses: Double = 0

    static func + (a: Lookups, b: Lookups) -> Lookups { Lookups(hits: a.hits + b.hits, misses: a.misses + b.misses) }
}

/// The cache as its users see it: what Vitals' own questions add to `keyspace_hits` and `keyspace_misses` is taken off again.
///
/// INFO is the first command of every pipeline, so the look-ups of one pipeline lie between its INFO and the next.
struct CacheWindow: Sendable {
    /// What this side's last questions counted in the server since its last INFO; nil when their answers never came.
    private var own: Lookups? = Lookups()
    private var last: (run: String, lookups: Lookups)?
    private var hits = Accumulated()
    private var misses = Accumulated()
    private var evictions = Accumulated()
    private var calls: [String: [Accumulated]] = [:]

    /// A sample's INFO. Adds `cache_hit_rate` when the window has look-ups, and the counters, which never fall.
    mutating func add(_ info: InfoText, to sample: inout SampleBuilder) {
        let run = info["run_id"] ?? ""
        let restarted = last.map { $0.run != run } ?? false
        // A restart has forgotten what was asked before it.
        let own = restarted ? Lookups() : self.own
        self.own = Lookups()

        if let hitCount = info.number("keyspace_hits"), let missCount = info.number("keyspace_misses") {
            let now = Lookups(hits: hitCount, misses: missCount)
            if let last, let own, !restarted, now.hits >= last.lookups.hits, now.misses >= last.lookups.misses {
                let hit = max(0, now.hits - last.lookups.hits - own.hits)
                let miss = max(0, now.misses - last.lookups.misses - own.misses)
                if hit + miss > 0 { sample.add(RedisFamilies.hitRate, [], hit / (hit + miss)) }
            }
            last = (run, now)
            hits.observe(now.hits, restarted: restarted, own: own?.hits)
            misses.observe(now.misses, restarted: restarted, own: own?.misses)
            sample.add(RedisFamilies.operations, ["get", "hit"], hits.total)
            sample.add(RedisFamilies.operations, ["get", "miss"], misses.total)
        }
        if let evicted = info.number("evicted_keys") {
            evictions.observe(evicted, restarted: restarted, own: 0)
            sample.add(RedisFamilies.evictions, [], evictions.total)
        }
        addCommands(info, restarted: restarted, to: &sample)
    }

    /// What the questions after INFO counted; nil when it can't be known, and the window that holds them has no value.
    mutating func asked(_ lookups: Lookups?) {
        guard let lookups, let before = own else {
            own = nil
            return
        }
        own = before + lookups
    }

    /// Subcommands count for their command: `config|get` is `config`.
    private mutating func addCommands(_ info: InfoText, restarted: Bool, to sample: inout SampleBuilder) {
        var sums: [String: [Double]] = [:]
        for entry in info.commands {
            let family = String(entry.name.prefix { $0 != "|" })
            // calls counts the failed ones, not the rejected ones (server.c, call() and rejectCommand()).
            let failed = entry.number("failed_calls") ?? 0
            let values = [(entry.number("calls") ?? 0) - failed, entry.number("rejected_calls") ?? 0, failed]
            sums[family] = sums[family].map { zip($0, values).map(+) } ?? values
        }
        for family in Set(sums.keys).union(calls.keys).sorted() {
            var counters = calls[family] ?? Array(repeating: Accumulated(), count: 3)
            // A family that a restart or CONFIG RESETSTAT has removed stays where it is until it is called again.
            for (place, value) in (sums[family] ?? [0, 0, 0]).enumerated() where place < counters.count {
                counters[place].observe(value, restarted: restarted, own: 0)
            }
            calls[family] = counters
            for (result, counter) in zip(["ok", "rejected", "failed"], counters) {
                sample.add(RedisFamilies.operations, [family, result], counter.total)
            }
        }
    }
}

/// A counter of the server's, carried on over the server's restarts and CONFIG RESETSTAT.
struct Accumulated: Sendable {
    private(set) var total: Double = 0
    private var last: Double?

    /// `own` is what to leave out of the growth; nil leaves out all of it.
    mutating func observe(_ value: Double, restarted: Bool, own: Double?) {
        defer { last = value }
        guard let last else {
            total = value
            return
        }
        let growth = restarted || value < last ? value : value - last
        total += own.map { max(0, growth - $0) } ?? 0
    }
}
