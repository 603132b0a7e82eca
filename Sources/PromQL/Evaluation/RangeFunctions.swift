import MetricsModel

extension Query {
    /// A function of the samples of each series in a window.
    func overWindows(_ call: Call, _ arguments: [PlanNode], _ node: PlanNode, at time: Int64) throws(PromQLError) -> [Sample] {
        let kind = call.function.kind
        guard let argument = arguments.first(where: { $0.windows != nil }), let source = argument.windows else { return [] }
        var parameters: [Double] = []
        for other in arguments where other.windows == nil { parameters.append(try scalar(other, at: time)) }
        if kind == .quantileOverTime, let q = parameters.first { checkQuantile(q, arguments[0].range) }
        if kind == .doubleExponentialSmoothing { try checkSmoothing(parameters) }
        let keepsName = kind == .lastOverTime || kind == .firstOverTime
        let isCounter = kind == .rate || kind == .increase
        var out: [Sample] = []
        // Where all have one name, its first series speaks for it.
        var notesNonCounters = isCounter
        func add(_ labels: Labels, nameless: Bool, _ value: Double?) {
            guard let value else { return }
            if notesNonCounters {
                noteNonCounter(labels, nameless: nameless, argument)
                notesNonCounters = argument.hasSeveralNames
            }
            out.append(Sample(labels: labels, value: value, nameless: nameless || !keepsName))
        }
        let isRemembered = try eachRemembered(kind, source, at: time) { labels, summary in
            add(labels, nameless: false, value(kind, summary, source, at: time))
        } samples: { labels, window in
            add(labels, nameless: false, value(kind, window, source, parameters, at: time))
        }
        if !isRemembered {
            let all = try source.loadWithoutMarkers(self)
            out.reserveCapacity(all.count)
            for series in all {
                try checkpoint()
                if source.edges == .plain {
                    let window = source.window(of: series, at: time)
                    guard window.count > 0 else { continue }
                    let value =
                        series.startTimestamps.isEmpty
                        ? self.value(kind, window, source, parameters, at: time)
                        : valueWithStarts(kind, series, window, source, parameters, argument, at: time)
                    add(series.labels, nameless: series.nameless, value)
                } else {
                    add(series.labels, nameless: series.nameless, extended(kind, series, source, at: time))
                }
            }
        }
        if !keepsName, node.hasSeveralNames { try checkUnique(out) }
        return out
    }

    private func noteNonCounter(_ labels: Labels, nameless: Bool, _ argument: PlanNode) {
        if nameless, !delaysNames { return }
        let name = labels.name
        guard !name.isEmpty, !["_total", "_sum", "_count", "_bucket"].contains(where: name.hasSuffix) else { return }
        inform(
            "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \(goQuoted(name))", argument.range)
    }

    private func checkSmoothing(_ parameters: [Double]) throws(PromQLError) {
        for (value, name) in zip(parameters, ["smoothing", "trend"]) where !(value > 0 && value < 1) {
            let symbol = name == "smoothing" ? "sf" : "tf"
            throw PromQLError(
                .execution, "invalid \(name) factor. Expected: 0 < \(symbol) < 1, got: \(fixedText(value, decimals: 6))")
        }
    }

    func value(_ kind: Function.Kind, _ window: Window, _ source: WindowSource, _ parameters: [Double], at time: Int64)
        -> Double?
    {
        if kind.takesSummary { return value(kind, window.summary(for: kind), source, at: time) }
        switch kind {
        case .deriv:
            return window.count < 2 ? nil : regression(window, around: window.firstTime).slope
        case .predictLinear:
            guard window.count >= 2, let seconds = parameters.first else { return nil }
            let line = regression(window, around: time)
            return line.slope * seconds + line.intercept
        case .sumOverTime: return window.kahanSum
        case .avgOverTime:
            var mean = KahanMean()
            for index in window.indices { mean.add(window.values[index]) }
            return mean.mean
        case .minOverTime: return window.values[window.extreme { $0 < $1 }]
        case .maxOverTime: return window.values[window.extreme { $0 > $1 }]
        case .tsOfMinOverTime: return Double(window.timestamps[window.extreme { $0 <= $1 }]) / 1000
        case .tsOfMaxOverTime: return Double(window.timestamps[window.extreme { $0 >= $1 }]) / 1000
        case .stdvarOverTime: return window.variance
        case .stddevOverTime: return window.variance.squareRoot()
        case .quantileOverTime: return quantile(parameters.first ?? .nan, of: Array(window.values[window.indices]))
        case .madOverTime:
            let values = Array(window.values[window.indices])
            if values.contains(where: \.isNaN) { return .nan }
            let median = quantile(0.5, of: values)
            return quantile(0.5, of: values.map { ($0 - median).magnitude })
        case .doubleExponentialSmoothing: return smoothed(window, parameters)
        default: return nil
        }
    }

    /// The functions for which ends and decreases of a window are enough.
    private func value(_ kind: Function.Kind, _ window: WindowSummary, _ source: WindowSource, at time: Int64) -> Double? {
        switch kind {
        case .rate: return extrapolated(window, source, at: time, isCounter: true, isRate: true)
        case .increase: return extrapolated(window, source, at: time, isCounter: true, isRate: false)
        case .delta: return extrapolated(window, source, at: time, isCounter: false, isRate: false)
        case .irate: return instantChange(window, isRate: true)
        case .idelta: return instantChange(window, isRate: false)
        case .changes: return Double(window.changes)
        case .resets: return Double(window.lost.count)
        case .countOverTime: return Double(window.count)
        case .presentOverTime: return 1
        case .lastOverTime: return window.last
        case .firstOverTime: return window.first
        case .tsOfFirstOverTime: return Double(window.firstTimestamp) / 1000
        case .tsOfLastOverTime: return Double(window.lastTimestamp) / 1000
        default: return nil
        }
    }

    // Differences of times wrap around, as in Go: at the ends of the number range the answer means nothing, and must not be a trap.

    /// The change over a window, extrapolated to its edges when the samples reach near them (promql/functions.go extrapolatedRate).
    private func extrapolated(
        _ window: WindowSummary, _ source: WindowSource, at time: Int64, isCounter: Bool, isRate: Bool
    ) -> Double? {
        guard window.count >= 2 else { return nil }
        let end = source.reference(time)
        let start = end.subtractingSaturated(source.length)
        var result = window.last - window.first
        if isCounter { for value in window.lost { result += value } }
        let sampled = Double(window.lastTimestamp &- window.firstTimestamp) / 1000
        let spacing = sampled / Double(window.count - 1)
        let threshold = spacing * 1.1
        var toStart = Double(window.firstTimestamp &- start) / 1000
        var toEnd = Double(end &- window.lastTimestamp) / 1000
        if toStart >= threshold { toStart = spacing / 2 }
        // A counter does not start below zero.
        if isCounter, result > 0, window.first >= 0 {
            toStart = min(toStart, sampled * (window.first / result))
        }
        if toEnd >= threshold { toEnd = spacing / 2 }
        var factor = (sampled + toStart + toEnd) / sampled
        if isRate { factor /= Double(source.length) / 1000 }
        return result * factor
    }

    private func instantChange(_ window: WindowSummary, isRate: Bool) -> Double? {
        guard window.count >= 2 else { return nil }
        let elapsed = window.lastTimestamp &- window.previousTimestamp
        guard elapsed > 0 else { return nil }
        let (now, before) = (window.last, window.previous)
        let difference = isRate && now < before ? now : now - before
        return isRate ? difference / (Double(elapsed) / 1000) : difference
    }

    func changes(_ values: ArraySlice<Double>) -> Int {
        zip(values, values.dropFirst()).count { $1 != $0 && !($0.isNaN && $1.isNaN) }
    }

    func resets(_ values: ArraySlice<Double>) -> Int {
        zip(values, values.dropFirst()).count { $1 < $0 }
    }

    /// Least squares with compensated sums; a constant series has slope 0.
    private func regression(_ window: Window, around origin: Int64) -> (slope: Double, intercept: Double) {
        var (sumX, sumY, sumXY, sumXX) = (KahanSum(), KahanSum(), KahanSum(), KahanSum())
        let first = window.first
        var isConstant = true
        for index in window.indices {
            let y = window.values[index]
            if y != first { isConstant = false }
            let x = Double(window.timestamps[index] &- origin) / 1000
            sumX.add(x)
            sumY.add(y)
            sumXY.add(x * y)
            sumXX.add(x * x)
        }
        // The first sample is not compared with itself: a lone NaN stays NaN through the sums.
        if first.isNaN { isConstant = window.count == 1 }
        if isConstant { return first.isInfinite ? (.nan, .nan) : (0, first) }
        let n = Double(window.count)
        let covariance = sumXY.total - sumX.total * sumY.total / n
        let variance = sumXX.total - sumX.total * sumX.total / n
        let slope = covariance / variance
        return (slope, sumY.total / n - slope * sumX.total / n)
    }

    /// Holt's double exponential smoothing.
    private func smoothed(_ window: Window, _ parameters: [Double]) -> Double? {
        guard window.count >= 2, parameters.count == 2 else { return nil }
        let (factor, trendFactor) = (parameters[0], parameters[1])
        var previous = 0.0
        var level = window.first
        var trend = window.values[window.lower + 1] - window.first
        for index in window.lower + 1..<window.upper {
            let raw = factor * window.values[index]
            if index > window.lower + 1 { trend = trendFactor * (level - previous) + (1 - trendFactor) * trend }
            let next = raw + (1 - factor) * (level + trend)
            previous = level
            level = next
        }
        return level
    }
}

extension Function.Kind {
    /// Needs of a window its ends, decreases and changes only.
    var takesSummary: Bool {
        switch self {
        case .rate, .increase, .delta, .irate, .idelta, .changes, .resets, .countOverTime, .presentOverTime, .lastOverTime,
            .firstOverTime, .tsOfFirstOverTime, .tsOfLastOverTime:
            true
        default: false
        }
    }
}

extension Window {
    /// With the decreases and changes that `kind` asks for.
    fileprivate func summary(for kind: Function.Kind) -> WindowSummary {
        var summary = WindowSummary()
        summary.count = count
        (summary.firstTimestamp, summary.first) = (firstTime, first)
        (summary.lastTimestamp, summary.last) = (lastTime, last)
        if count > 1 { (summary.previousTimestamp, summary.previous) = (timestamps[upper - 2], values[upper - 2]) }
        switch kind {
        case .rate, .increase, .resets:
            guard hasDecrease else { break }
            for index in lower + 1..<upper where values[index] < values[index - 1] { summary.lost.append(values[index - 1]) }
        case .changes:
            for index in lower + 1..<upper where values[index] != values[index - 1] {
                if !(values[index].isNaN && values[index - 1].isNaN) { summary.changes += 1 }
            }
        default: break
        }
        return summary
    }

    fileprivate var kahanSum: Double {
        var sum = KahanSum()
        for index in indices { sum.add(values[index]) }
        return sum.sum.isInfinite ? sum.sum : sum.total
    }

    /// Whether any value is smaller than the one before. Counters are hardly ever reset, and without an early end the compiler can
    /// compare several pairs at once.
    fileprivate var hasDecrease: Bool {
        values.withUnsafeBufferPointer { all in
            let values = UnsafeBufferPointer(rebasing: all[indices])
            var decreases = 0
            for index in 1..<max(1, values.count) { decreases &+= values[index] < values[index &- 1] ? 1 : 0 }
            return decreases > 0
        }
    }

    /// The index of the value that none replaces; NaN is replaced by anything.
    fileprivate func extreme(_ replaces: (Double, Double) -> Bool) -> Int {
        var best = lower
        for index in lower + 1..<max(lower + 1, upper) where replaces(values[index], values[best]) || values[best].isNaN {
            best = index
        }
        return best
    }

    fileprivate var variance: Double {
        var count = 0.0
        var (mean, squares) = (KahanSum(), KahanSum())
        for index in indices {
            count += 1
            let value = values[index]
            let delta = value - mean.total
            mean.add(delta / count)
            squares.add(delta * (value - mean.total))
        }
        return squares.total / count
    }
}
