import MetricsModel

/// One evaluation in progress: settings, what it has read, what it has to say, and what it may still cost. Used by one thread.
final class Query {
    let engine: PromQLEngine
    let text: [UInt8]
    let source: any SeriesSource
    /// The source, where it remembers windows and the query is for one time. When counters began is not remembered.
    private let windowed: (any WindowedSource)?
    /// What earlier evaluations of the expression left; only where it is evaluated at one time.
    let memory: EvaluationMemory?
    let start: Int64
    let end: Int64
    /// 0 for an instant query.
    let step: Int64
    /// Metric names are kept on samples until the answer is made.
    let delaysNames: Bool
    private(set) var samplesRead = 0
    private var samplesHeld = 0
    private var annotations: [Annotation] = []
    private var seen: Set<Annotation> = []
    /// Histograms whose buckets had to be corrected, by metric and place.
    var forcedMonotonicity: [ForcedMonotonicity.Place: ForcedMonotonicity] = [:]
    private let deadline: ContinuousClock.Instant?
    private var checks = 0

    init(
        engine: PromQLEngine, text: String, source: any SeriesSource, start: Int64, end: Int64, step: Int64,
        memory: EvaluationMemory? = nil
    ) {
        self.engine = engine
        self.text = Array(text.utf8)
        self.source = source
        windowed = step == 0 && !engine.features.contains(.startTimestamps) ? source as? any WindowedSource : nil
        self.memory = memory
        self.start = start
        self.end = end
        self.step = step
        delaysNames = engine.features.contains(.delayedNameRemoval)
        deadline = engine.limits.duration.map { ContinuousClock.now + $0 }
    }

    // MARK: - Running

    func runInstant(_ root: Expression) throws(PromQLError) -> QueryResult {
        let plan = try Planner(query: self).plan(root, from: start, through: start)
        let value: PromQLValue
        if let windows = plan.windows {
            value = .matrix(try matrix(of: windows))
        } else {
            switch try evaluate(plan, at: start) {
            case .scalar(let number): value = .scalar(number, timestamp: start)
            case .string(let text): value = .string(text, timestamp: start)
            case .vector(let samples):
                var out: [VectorSample] = []
                out.reserveCapacity(samples.count)
                for sample in samples {
                    out.append(VectorSample(labels: finalLabels(sample), timestamp: start, value: .float(sample.value)))
                }
                if delaysNames { try checkUnique(out.map(\.labels)) }
                value = .vector(out)
            }
        }
        return result(value)
    }

    func runRange(_ root: Expression) throws(PromQLError) -> QueryResult {
        let plan = try Planner(query: self).plan(root, from: start, through: end)
        var builder = MatrixBuilder(query: self)
        var time = start
        while time <= end {
            switch try evaluate(plan, at: time) {
            case .scalar(let number): try builder.add([Sample(labels: .empty, value: number)], at: time)
            case .vector(let samples): try builder.add(samples, at: time)
            case .string: break
            }
            let (next, overflow) = time.addingReportingOverflow(step)
            if overflow { break }
            time = next
        }
        let series = builder.series.map { data in
            MatrixSeries(
                labels: data.labels,
                points: zip(data.timestamps, data.values).map { MatrixPoint(timestamp: $0, value: .float($1)) })
        }
        return result(.matrix(series.sorted { $0.labels < $1.labels }))
    }

    private func result(_ value: PromQLValue) -> QueryResult {
        for (place, forced) in forcedMonotonicity.sorted(by: { $0.key.start < $1.key.start }) {
            inform(forced.message, place.range)
        }
        let sorted = annotations.filter { $0.severity == .warning } + annotations.filter { $0.severity == .info }
        return QueryResult(value: value, annotations: sorted, samplesRead: samplesRead)
    }

    private func matrix(of windows: WindowSource) throws(PromQLError) -> [MatrixSeries] {
        var out: [MatrixSeries] = []
        for series in try windows.loadWithoutMarkers(self) {
            let window = windows.window(of: series, at: start)
            guard window.count > 0 else { continue }
            let sample = Sample(labels: series.labels, value: 0, nameless: series.nameless)
            out.append(
                MatrixSeries(
                    labels: finalLabels(sample),
                    points: window.indices.map {
                        MatrixPoint(timestamp: window.timestamps[$0], value: .float(window.values[$0]))
                    }))
        }
        return out.sorted { $0.labels < $1.labels }
    }

    func finalLabels(_ sample: Sample) -> Labels {
        sample.nameless ? sample.labels.removingMetadata() : sample.labels
    }

    // MARK: - Cost

    /// Counts samples that stay in memory.
    func hold(_ count: Int) throws(PromQLError) {
        samplesHeld += count
        guard samplesHeld <= engine.limits.samples else { throw tooManySamples }
    }

    /// Checks the elements of a vector that exists for a while only, beside what is held.
    @inline(__always)
    func checkRoom(for count: Int) throws(PromQLError) {
        guard samplesHeld + count <= engine.limits.samples else { throw tooManySamples }
    }

    private var tooManySamples: PromQLError {
        PromQLError(.tooManySamples, "query processing would load too many samples into memory in query execution")
    }

    /// Looks at the clock and at cancellation, now and then.
    @inline(__always)
    func checkpoint() throws(PromQLError) {
        checks += 1
        if checks & 31 == 1 { try checkNow() }
    }

    private func checkNow() throws(PromQLError) {
        if Task.isCancelled { throw PromQLError(.canceled, "query was canceled in expression evaluation") }
        if let deadline, ContinuousClock.now > deadline {
            throw PromQLError(.timeout, "query timed out in expression evaluation")
        }
    }

    // MARK: - Reading

    func select(_ matchers: [LabelMatcher], from: Int64, through: Int64, selection: SampleSelection) throws(PromQLError)
        -> [SeriesSamples]
    {
        try checkNow()
        let found: [SeriesSamples]
        do {
            found = try source.select(
                matchers, from: from, through: through, selection: selection,
                maxSamples: max(0, engine.limits.samples - samplesHeld))
        } catch {
            switch error.code {
            case .tooManySamples: throw tooManySamples
            case .failed: throw PromQLError(.storage, error.description)
            }
        }
        try note(samples: found.reduce(0) { $0 + $1.timestamps.count }, series: found.count)
        return found
    }

    /// Hands over each series' window as the source remembers it: a summary where `kind` needs no more. False, and nothing is handed
    /// over, when the source does not remember; then it is to be loaded.
    func eachRemembered(
        _ kind: Function.Kind, _ windows: WindowSource, at time: Int64, summary: (Labels, WindowSummary) -> Void,
        samples: (Labels, Window) -> Void
    ) throws(PromQLError) -> Bool {
        guard let windowed, let matchers = windows.matchers(onlyAt: time) else { return false }
        try checkNow()
        var (count, series) = (0, 0)
        let (after, through) = (windows.from - 1, windows.through)
        let isRead =
            kind.takesSummary
            ? windowed.eachSummary(matchers, after: after, through: through) { labels, window in
                count += window.count
                series += 1
                summary(labels, window)
            }
            : windowed.eachWindow(matchers, after: after, through: through) { labels, timestamps, values, range in
                count += range.count
                series += 1
                samples(labels, Window(timestamps: timestamps, values: values, lower: range.lowerBound, upper: range.upperBound))
            }
        try note(samples: count, series: series)
        return isRead
    }

    /// The same for the newest sample of each series, which may be a stale marker.
    func eachRememberedNewest(_ windows: WindowSource, at time: Int64, _ body: (Labels, Int64, Double) -> Void)
        throws(PromQLError) -> Bool
    {
        guard let windowed, let matchers = windows.matchers(onlyAt: time) else { return false }
        try checkNow()
        var count = 0
        let isRead = windowed.eachNewest(matchers, after: windows.from - 1, through: windows.through) {
            labels, timestamp, value in
            count += 1
            body(labels, timestamp, value)
        }
        try note(samples: count, series: count)
        return isRead
    }

    private func note(samples: Int, series: Int) throws(PromQLError) {
        guard series <= engine.limits.seriesPerSelector else {
            throw PromQLError(
                .tooManySamples, "a selector of the query matches more than \(engine.limits.seriesPerSelector) series")
        }
        samplesRead += samples
        try hold(samples)
    }

    // MARK: - Saying

    func warn(_ message: String, _ range: SourceRange) { annotate(.warning, message, range) }

    func inform(_ message: String, _ range: SourceRange) { annotate(.info, message, range) }

    private func annotate(_ severity: Annotation.Severity, _ message: String, _ range: SourceRange) {
        let (line, column) = lineAndColumn(of: range.start, in: text)
        let annotation = Annotation(severity: severity, message: message, line: line, column: column)
        if seen.insert(annotation).inserted { annotations.append(annotation) }
    }

    // MARK: - Uniqueness

    static let duplicateLabels = PromQLError(.execution, "vector cannot contain metrics with the same labelset")

    private func checkUnique(_ labels: [Labels]) throws(PromQLError) {
        guard labels.count > 1, Set(labels).count < labels.count else { return }
        throw Query.duplicateLabels
    }

    /// No two samples may have the same labels once their names are dropped.
    func checkUnique(_ samples: [Sample]) throws(PromQLError) {
        guard !delaysNames, samples.count > 1 else { return }
        try checkUnique(samples.map(finalLabels))
    }
}

/// Gathers vectors of successive times into series.
struct MatrixBuilder {
    private let query: Query
    private(set) var series: [SeriesData] = []
    private var places: [Labels: Int] = [:]

    init(query: Query) {
        self.query = query
    }

    mutating func add(_ samples: [Sample], at time: Int64) throws(PromQLError) {
        try query.hold(samples.count)
        for sample in samples {
            let labels = query.finalLabels(sample)
            if let place = places[labels] {
                guard let last = series[place].timestamps.last, last < time else { throw Query.duplicateLabels }
                series[place].timestamps.append(time)
                series[place].values.append(sample.value)
            } else {
                places[labels] = series.count
                series.append(SeriesData(labels: labels, timestamps: [time], values: [sample.value]))
            }
        }
    }

    /// Like `add`, but keeps names that are to be dropped at the end.
    mutating func addKeepingNames(_ samples: [Sample], at time: Int64) throws(PromQLError) {
        try query.hold(samples.count)
        for sample in samples {
            let labels = query.delaysNames ? sample.labels : query.finalLabels(sample)
            if let place = places[labels] {
                guard let last = series[place].timestamps.last, last < time else { throw Query.duplicateLabels }
                series[place].timestamps.append(time)
                series[place].values.append(sample.value)
                series[place].nameless = series[place].nameless || query.delaysNames && sample.nameless
            } else {
                places[labels] = series.count
                series.append(
                    SeriesData(
                        labels: labels, nameless: query.delaysNames && sample.nameless, timestamps: [time], values: [sample.value]
                    ))
            }
        }
    }
}
