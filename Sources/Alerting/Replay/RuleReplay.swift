public import MetricsModel
internal import PromQL

/// Evaluates rules over stored history, at the instants at which they would have been evaluated, with the groups of production.
public struct RuleReplay {
    /// The stretch. Instants are milliseconds since the epoch.
    public struct Span: Sendable {
        public let from: Int64
        public let through: Int64
        /// Between evaluations, for every group; nil: each group's own interval and its own place in it.
        public let step: Int64?

        /// `through` must not be before `from`, and `step` positive.
        public init(from: Int64, through: Int64, step: Int64? = nil) {
            precondition(through >= from && step ?? 1 > 0, "a stretch goes forward")
            self.from = from
            self.through = through
            self.step = step
        }
    }

    private struct Group {
        var state: RuleGroup
        var next: Int64
        let interval: Int64
        /// The alerts of each alerting rule that have not ended.
        var open: [Int: [Labels: ReplayedAlert]] = [:]
        var failures: [Int: (count: Int, error: String)] = [:]
    }

    private let span: Span
    private let start: Int64
    private let begins: Int64?
    private let catalog: any SeriesCatalog
    private let outages: OutageReader?
    private let series: ReplaySeries
    private let settings: RuleSettings
    private var groups: [Group]
    private var ended: [ReplayedAlert] = []
    private var evaluations = 0

    /// - Parameters:
    ///   - history: where samples come from; nothing is written to it.
    ///   - begins: the time of its oldest sample; nil when it is empty.
    ///   - outages: what could not be read at an instant, as in `RuleGroup.evaluate`.
    public init(
        _ files: [RuleFile], over span: Span, settings: RuleSettings, language: any RuleLanguage,
        history: any SeriesSource & SeriesCatalog, begins: Int64?, outages: OutageReader? = nil
    ) {
        self.span = span
        self.begins = begins
        self.settings = settings
        self.outages = outages
        catalog = history
        let definitions = files.flatMap(\.groups)
        // An alert that fires at the start has waited before it.
        let start = definitions.map { Self.start(of: $0, span: span, settings: settings) }.min() ?? span.from
        self.start = start
        var recorded: Set<String> = ["ALERTS", "ALERTS_FOR_STATE"]
        for rule in definitions.flatMap(\.rules) where !rule.isAlert { recorded.insert(rule.name) }
        series = ReplaySeries(history: history, recorded: recorded, start: start)
        let recordings = RuleEngine.recorded(by: files)
        groups = definitions.map { definition in
            let interval = span.step ?? definition.interval ?? settings.interval
            let first: Int64
            if let step = span.step {
                first = span.from - (span.from - start) / step * step
            } else {
                first = GroupSchedule(file: definition.file, group: definition.name, interval: interval).slot(after: start - 1)
            }
            var group = RuleGroup(definition, settings: settings, language: language)
            group.recorded = recordings
            return Group(state: group, next: first, interval: interval)
        }
    }

    /// Evaluates everything. Its time grows with rules, rounds and the series that they read; a cancelled task ends it early.
    public mutating func run() -> ReplayReport {
        while let place = groups.indices.min(by: { groups[$0].next < groups[$1].next }), groups[place].next <= span.through,
            !Task.isCancelled
        {
            let time = groups[place].next
            _ = groups[place].state.evaluate(at: time, source: series, sink: series, outages: outages)
            evaluations += groups[place].state.rules.count
            note(place, at: time)
            groups[place].next += groups[place].interval
        }
        let open = groups.flatMap { $0.open.values.flatMap(\.values) }
        let alerts = (ended + open).filter(isSeen).sorted {
            ($0.activeAt, $0.rule) == ($1.activeAt, $1.rule)
                ? $0.labels < $1.labels : ($0.activeAt, $0.rule) < ($1.activeAt, $1.rule)
        }
        return ReplayReport(
            from: span.from, through: span.through, start: start, ruleCount: groups.reduce(0) { $0 + $1.state.rules.count },
            evaluations: evaluations, alerts: alerts, gaps: gaps())
    }

    /// Takes the states of a group's alerts after a round.
    private mutating func note(_ place: Int, at time: Int64) {
        let definition = groups[place].state.definition
        for (number, rule) in groups[place].state.rules.enumerated() {
            if let error = rule.lastError {
                groups[place].failures[number] = ((groups[place].failures[number]?.count ?? 0) + 1, error)
            }
            guard rule.definition.isAlert else { continue }
            var open = groups[place].open[number] ?? [:]
            if open.isEmpty, rule.alerts.alerts.isEmpty { continue }
            for (labels, var known) in open {
                guard rule.alerts.alerts[labels]?.activeAt != known.activeAt else { continue }
                known.end = known.firedAt == nil ? .neverFired(time) : .resolved(time)
                ended.append(known)
                open[labels] = nil
            }
            for (labels, alert) in rule.alerts.alerts {
                if let known = open[labels] {
                    let next = Self.followed(known, alert)
                    if case .open = next.end {
                        open[labels] = next
                    } else {
                        ended.append(next)
                        open[labels] = nil
                    }
                } else if alert.state != .inactive {
                    open[labels] = ReplayedAlert(
                        file: definition.file, group: definition.name, rule: rule.definition.name, labels: labels,
                        activeAt: alert.activeAt, firedAt: alert.firedAt, end: .open, value: alert.value,
                        annotations: alert.annotations)
                }
            }
            groups[place].open[number] = open
        }
    }

    private static func followed(_ known: ReplayedAlert, _ alert: ActiveAlert) -> ReplayedAlert {
        var next = known
        switch alert.state {
        case .pending, .firing:
            // What people would have read in the page is what held when it fired.
            if known.firedAt == nil { (next.value, next.annotations) = (alert.value, alert.annotations) }
            next.firedAt = alert.firedAt
        case .inactive:
            next.end = .resolved(alert.resolvedAt ?? alert.activeAt)
        }
        return next
    }

    /// Whether an alert lies in the stretch, and not only in the time before it.
    private func isSeen(_ alert: ReplayedAlert) -> Bool {
        switch alert.end {
        case .open: true
        case .resolved(let time), .neverFired(let time): time >= span.from
        }
    }

    private mutating func gaps() -> [ReplayGap] {
        var gaps: [ReplayGap] = []
        for place in groups.indices {
            groups[place].state.inspect(catalog, all: true)
            let definition = groups[place].state.definition
            for (number, rule) in groups[place].state.rules.enumerated() {
                func add(_ reason: ReplayGap.Reason) {
                    gaps.append(
                        ReplayGap(file: definition.file, group: definition.name, rule: rule.definition.name, reason: reason))
                }
                if !rule.deadSelectors.isEmpty { add(.noSeries(rule.deadSelectors)) }
                let needed = Self.needed(rule.definition, in: definition, span: span, settings: settings)
                if rule.deadSelectors.isEmpty, !rule.definition.expression.reads.needed.isEmpty,
                    begins.map({ $0 > needed }) ?? true
                {
                    add(.historyTooShort(needed: needed, begins: begins))
                }
                if let failure = groups[place].failures[number] { add(.failed(count: failure.count, error: failure.error)) }
            }
        }
        return gaps
    }

    /// The oldest instant that a rule looks at for the first result that counts.
    private static func needed(
        _ rule: RuleDefinition, in group: RuleGroupDefinition, span: Span, settings: RuleSettings
    ) -> Int64 {
        let offset = group.queryOffset ?? settings.queryOffset
        // An instant selector is content with the newest sample: what it may look back says nothing about what it needs.
        let reach = (rule.expression as? PromQLRuleExpression)?.expression.reach(lookback: 0) ?? rule.expression.reads.reach
        return [wait(of: rule), reach, offset].reduce(span.from) { time, part in
            let (earlier, isOver) = time.subtractingReportingOverflow(part)
            return isOver ? .min : earlier
        }
    }

    private static func start(of group: RuleGroupDefinition, span: Span, settings: RuleSettings) -> Int64 {
        let interval = span.step ?? group.interval ?? settings.interval
        let wait = group.rules.map(wait(of:)).max() ?? 0
        let (earlier, isOver) = span.from.subtractingReportingOverflow(wait)
        return wait == 0 || isOver ? span.from : earlier - interval
    }

    /// How long before a rule's alert fires, or ends, something must have happened.
    private static func wait(of rule: RuleDefinition) -> Int64 {
        switch rule.kind {
        case .record: 0
        case .alert(let hold, let keepFiring, _): hold + keepFiring
        }
    }
}
