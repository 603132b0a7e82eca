public import MetricsModel

/// One group with the state of its rules: evaluated at instants that the caller gives, it writes to the sink and answers with what
/// receivers are to be told. No clock, no I/O of its own.
public struct RuleGroup: Sendable {
    /// Evaluations for which restored alerts wait for data that is not there yet.
    static let graceEvaluations = 2

    /// One rule with what its evaluations left behind.
    struct RuleState: Sendable {
        let definition: RuleDefinition
        var alerts = AlertRuleState()
        /// What the newest evaluation wrote: a series that is not in the next one gets a stale marker.
        var written: [Labels] = []
        var health = RuleHealth.unknown
        var lastError: String?
        var lastEvaluation: Int64?
        var seconds = 0.0
        var samples = 0
        /// Taken apart when first needed: most rules never lose an alert.
        var reads: RuleReads?
        /// Selectors to which no series applies, so that the rule can have no result; as of the newest look.
        var deadSelectors: [String] = []
    }

    public let definition: RuleGroupDefinition
    let settings: RuleSettings
    private let language: any RuleLanguage
    private(set) var rules: [RuleState]
    /// The expressions that record a metric, by its name, of all loaded rules: what a rule reads through them counts as read by it.
    var recorded: [String: [any RuleExpression]] = [:]
    /// Series of rules that a reload removed.
    private var orphans: [Labels] = []
    private var lastEvaluation: Int64?
    private var seconds = 0.0
    private var evaluations: UInt64 = 0
    private var failures: UInt64 = 0
    private var iterations: UInt64 = 0
    private var missed: UInt64 = 0
    /// Whether the newest evaluation changed what a restart needs to know.
    private(set) var isStateChanged = false

    public init(_ definition: RuleGroupDefinition, settings: RuleSettings, language: any RuleLanguage) {
        self.definition = definition
        self.settings = settings
        self.language = language
        rules = definition.rules.map { RuleState(definition: $0) }
    }

    /// Milliseconds.
    public var interval: Int64 { definition.interval ?? settings.interval }

    /// Evaluates every rule once, in order; later rules see what earlier ones wrote.
    ///
    /// - Parameter outages: what cannot be read, where the settings keep the alerts behind it. nil: everything can.
    /// - Returns: what receivers are to be told, external labels added.
    public mutating func evaluate(
        at timestamp: Int64, source: any SeriesSource, sink: any SampleSink, outages: OutageReader? = nil
    ) -> [Notification] {
        let clock = ContinuousClock()
        let start = clock.now
        isStateChanged = false
        var notifications: [Notification] = []
        var round = Round(timestamp: timestamp, source: source, sink: sink, outages: outages)
        for place in rules.indices {
            let ruleStart = clock.now
            evaluations += 1
            do {
                // A sample that is refused makes the rule unwell, not its result: receivers are told all the same.
                let refusal = try evaluateRule(place, &round)
                rules[place].health = refusal == nil ? .ok : .err
                rules[place].lastError = refusal
                notifications += takeNotifications(place, at: timestamp)
            } catch {
                failures += 1
                rules[place].health = .err
                rules[place].lastError = error.description
            }
            rules[place].lastEvaluation = timestamp
            rules[place].seconds = Self.seconds(clock.now - ruleStart)
        }
        endOrphans(at: timestamp - queryOffset, sink: sink)
        lastEvaluation = timestamp
        iterations += 1
        seconds = Self.seconds(clock.now - start)
        return notifications
    }

    /// Counts rounds that were left out because an earlier one took too long.
    public mutating func countMissed(_ count: Int) {
        missed += UInt64(max(0, count))
    }

    /// Takes over the state of the group that this one replaces: by the rules' names and labels, the first of equal ones from the
    /// first (Prometheus' Group.CopyState).
    public mutating func takeState(from old: RuleGroup) {
        var places: [String: [Int]] = [:]
        for (place, rule) in old.rules.enumerated() { places[rule.definition.identity, default: []].append(place) }
        for place in rules.indices {
            let identity = rules[place].definition.identity
            guard let from = places[identity]?.first else { continue }
            places[identity]?.removeFirst()
            let before = old.rules[from]
            rules[place].written = before.written
            rules[place].health = before.health
            rules[place].lastError = before.lastError
            rules[place].lastEvaluation = before.lastEvaluation
            guard rules[place].definition.isAlert, before.definition.isAlert else { continue }
            rules[place].alerts = before.alerts
        }
        orphans = old.orphans + places.values.joined().sorted().flatMap { old.rules[$0].written }
        (lastEvaluation, seconds) = (old.lastEvaluation, old.seconds)
        (evaluations, failures) = (old.evaluations, old.failures)
        (iterations, missed) = (old.iterations, old.missed)
    }

    /// Marks the series of removed rules, but those that another rule of the group writes now.
    private mutating func endOrphans(at timestamp: Int64, sink: any SampleSink) {
        guard !orphans.isEmpty else { return }
        let present = Set(rules.lazy.flatMap(\.written))
        for series in orphans where !present.contains(series) { sink.append(series, at: timestamp, staleMarker) }
        orphans = []
    }

    /// Every series that the group's rules wrote last: what gets a stale marker when the group goes.
    var writtenSeries: [Labels] { rules.flatMap(\.written) + orphans }

    public var snapshot: RuleGroupSnapshot {
        RuleGroupSnapshot(
            name: definition.name, file: definition.file, key: definition.key, interval: interval, limit: definition.limit,
            rules: rules.map { $0.snapshot(queryOffset: queryOffset) }, lastEvaluation: lastEvaluation,
            evaluationSeconds: seconds,
            evaluations: evaluations, evaluationFailures: failures, iterations: iterations, iterationsMissed: missed)
    }

    mutating func setAlerts(_ alerts: AlertRuleState, ofRule place: Int) {
        rules[place].alerts = alerts
    }

    mutating func setReads(_ reads: RuleReads, ofRule place: Int) {
        rules[place].reads = reads
    }

    mutating func setDeadSelectors(_ selectors: [String], ofRule place: Int) {
        rules[place].deadSelectors = selectors
    }

    /// Milliseconds.
    var queryOffset: Int64 { definition.queryOffset ?? settings.queryOffset }

    /// One evaluation of all rules.
    private struct Round {
        let timestamp: Int64
        let source: any SeriesSource
        let sink: any SampleSink
        let outages: OutageReader?
        /// Read once, when the first alert is about to end.
        var found: [Outage]?
    }

    /// - Returns: why samples were refused; nil when all were taken.
    private mutating func evaluateRule(_ place: Int, _ round: inout Round) throws(RuleExpressionError) -> String? {
        let rule = rules[place].definition
        let (timestamp, source, sink) = (round.timestamp, round.source, round.sink)
        let result = try rule.expression.evaluate(at: timestamp - queryOffset, source: source)
        rules[place].samples = result.count
        let samples: [RuleSample]
        switch rule.kind {
        case .record:
            samples = try recording(result, rule)
        case .alert(let hold, let keepFiring, let annotations):
            let context = TemplateContext(
                settings: settings, timestamp: timestamp, source: source, language: language)
            let elements = result.map { expand($0, rule, annotations, context) }
            let before = rules[place].alerts.alerts
            let limits = AlertRuleState.Settings(
                hold: hold, keepFiring: keepFiring, limit: definition.limit, settling: 2 * max(interval, settings.interval))
            defer { noteChange(from: before, to: rules[place].alerts.alerts) }
            var keeping: AlertKeeping?
            if !before.isEmpty, hasLost(before, elements) { keeping = self.keeping(place, &round) }
            try rules[place].alerts.take(elements, at: timestamp, settings: limits) { keeping?.reason(for: $0) }
            samples = rules[place].alerts.active.flatMap { Self.samples(of: $0, rule) }
        }
        let writtenAt = timestamp - queryOffset
        let refusals = samples.isEmpty ? [] : sink.appendOrRefuse(samples.map { ($0.labels, $0.value) }, at: writtenAt)
        let written = zip(samples, refusals).filter { $1 == nil }.map(\.0.labels)
        let present = Set(written)
        for series in rules[place].written where !present.contains(series) {
            sink.append(series, at: writtenAt, staleMarker)
        }
        rules[place].written = written
        return refusals.lazy.compactMap { $0 }.last
    }

    /// nil when an alert without a value is over.
    private mutating func keeping(_ place: Int, _ round: inout Round) -> AlertKeeping? {
        guard settings.targetDown == .keep, let read = round.outages else { return nil }
        let outages = round.found ?? read(round.timestamp - queryOffset, round.source)
        round.found = outages
        guard !outages.isEmpty else { return nil }
        let rule = rules[place].definition
        let own = reads(ofRule: place).madeLabels.union(rule.labels.map(\.name)).union(["alertname"])
        return AlertKeeping(
            outages: outages, selectors: sources(ofRule: place), ownLabels: own, timestamp: round.timestamp,
            queryOffset: queryOffset, slack: 2 * max(interval, settings.interval), source: round.source)
    }

    private mutating func noteChange(from before: [Labels: ActiveAlert], to after: [Labels: ActiveAlert]) {
        if isStateChanged { return }
        isStateChanged =
            before.count != after.count
            || after.contains { labels, alert in
                guard let known = before[labels] else { return true }
                return known.state != alert.state || known.activeAt != alert.activeAt
                    || known.keepFiringSince != alert.keepFiringSince || known.kept?.since != alert.kept?.since
            }
    }

    private mutating func takeNotifications(_ place: Int, at timestamp: Int64) -> [Notification] {
        guard rules[place].definition.isAlert else { return [] }
        let unsent = rules[place].alerts.takeUnsent(at: timestamp, resendDelay: settings.resendDelay, interval: interval)
        guard !unsent.isEmpty else { return [] }
        isStateChanged = true
        let url = settings.externalURL + GraphLink.table(rules[place].definition.expression.text)
        return unsent.map { alert in
            Notification(
                labels: settings.externalLabels.merging(alert.labels), annotations: alert.annotations,
                startsAt: alert.firedAt ?? alert.activeAt, endsAt: alert.resolvedAt ?? alert.validUntil ?? timestamp,
                isResolved: alert.resolvedAt != nil, generatorURL: url)
        }
    }

    static func seconds(_ duration: Duration) -> Double {
        let (seconds, attoseconds) = duration.components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
