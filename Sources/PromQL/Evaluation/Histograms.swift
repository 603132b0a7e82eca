import MetricsModel

/// A cumulative bucket of a classic histogram.
private struct Bucket {
    var bound: Double
    var count: Double
}

/// A classic histogram: the bucket samples with equal labels but `le`.
private struct ClassicHistogram {
    let sample: Sample
    let name: String
    var buckets: [Bucket] = []
}

/// What had to be done to the buckets of a metric to make them grow.
struct ForcedMonotonicity {
    struct Place: Hashable {
        let name: String
        let range: SourceRange
        var start: Int { range.start }
    }

    let name: String
    var firstTime: Int64
    var lastTime: Int64
    var lowest: Double
    var highest: Double
    var difference: Double
    var count = 1

    mutating func merge(_ other: ForcedMonotonicity) {
        firstTime = min(firstTime, other.firstTime)
        lastTime = max(lastTime, other.lastTime)
        lowest = min(lowest, other.lowest)
        highest = max(highest, other.highest)
        difference = max(difference, other.difference)
        count += other.count
    }

    var message: String {
        let metric = name.isEmpty ? "" : " for metric name \(goQuoted(name))"
        return "input to histogram_quantile needed to be fixed for monotonicity "
            + "(see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)\(metric), "
            + "from buckets \(goGeneralText(lowest)) to \(goGeneralText(highest)), with a max diff of \(twoDigits(difference)), "
            + "over \(count) samples from \(dateText(firstTime)) to \(dateText(lastTime))"
    }
}

extension Query {
    func histogramQuantile(
        _ q: Double, _ samples: [Sample], _ arguments: [PlanNode], _ node: PlanNode, at time: Int64
    ) throws(PromQLError) -> [Sample] {
        checkQuantile(q, arguments[0].range)
        let out = quantiles(q, samples, arguments[1], at: time)
        if node.hasSeveralNames { try checkUnique(out) }
        return out
    }

    func histogramQuantiles(_ arguments: [PlanNode], _ node: PlanNode, at time: Int64) throws(PromQLError) -> [Sample] {
        let samples = try vector(arguments[0], at: time)
        let label = try string(arguments[1], at: time)
        guard !label.isEmpty else { throw PromQLError(.execution, "invalid label name \(goQuoted(label))") }
        var out: [Sample] = []
        for argument in arguments.dropFirst(2) {
            let q = try scalar(argument, at: time)
            checkQuantile(q, argument.range)
            for var sample in quantiles(q, samples, arguments[0], at: time) {
                sample.labels = sample.labels.setting(label, to: openMetricsText(q))
                out.append(sample)
            }
        }
        try checkUnique(out)
        return out
    }

    private func quantiles(_ q: Double, _ samples: [Sample], _ argument: PlanNode, at time: Int64) -> [Sample] {
        classicHistograms(samples, argument).map { histogram in
            var buckets = histogram.buckets
            let (value, forced) = quantile(q, &buckets)
            if let forced {
                let found = ForcedMonotonicity(
                    name: histogram.name, firstTime: time, lastTime: time, lowest: forced.lowest, highest: forced.highest,
                    difference: forced.difference)
                let place = ForcedMonotonicity.Place(name: histogram.name, range: argument.range)
                forcedMonotonicity[place]?.merge(found) ?? (forcedMonotonicity[place] = found)
            }
            return Sample(labels: histogram.sample.labels, value: value, nameless: true)
        }
    }

    func histogramFraction(_ low: Double, _ high: Double, _ samples: [Sample], _ arguments: [PlanNode], _ node: PlanNode)
        throws(PromQLError) -> [Sample]
    {
        let out = classicHistograms(samples, arguments[2]).map { histogram in
            var buckets = histogram.buckets
            return Sample(labels: histogram.sample.labels, value: fraction(low, high, &buckets), nameless: true)
        }
        if node.hasSeveralNames { try checkUnique(out) }
        return out
    }

    /// Groups bucket samples by all labels but `le`. The metric name counts, and is dropped only then.
    private func classicHistograms(_ samples: [Sample], _ argument: PlanNode) -> [ClassicHistogram] {
        var groups = GroupIndex(LabelSubset(names: ["le"], keeps: false), delaysNames: delaysNames)
        var named = argument.hasSeveralNames ? [Labels: Int]() : nil
        var histograms: [ClassicHistogram] = []
        for sample in samples {
            let le = sample.labels["le"] ?? ""
            let hidesName = sample.nameless && !delaysNames
            let name = hidesName ? "" : sample.labels.name
            guard let bound = bucketBound(le) else {
                let metric = name.isEmpty ? "" : " for metric name \(goQuoted(name))"
                warn(
                    "bucket label \"le\" is missing or has a malformed value of \(goQuoted(le))\(metric)", argument.range)
                continue
            }
            let place: Int
            if named != nil {
                let key = (hidesName ? sample.labels.removingMetadata() : sample.labels).setting("le", to: "")
                place = named?[key] ?? histograms.count
                named?[key] = place
            } else {
                place = groups.insert(sample).group
            }
            if place == histograms.count {
                let labels = sample.labels.setting("le", to: "")
                histograms.append(ClassicHistogram(sample: Sample(labels: labels, value: 0), name: name))
            }
            histograms[place].buckets.append(Bucket(bound: bound, count: sample.value))
        }
        return histograms
    }
}

/// The upper bound in a `le` label; nil when it is none.
private func bucketBound(_ text: String) -> Double? {
    switch text {
    case "+Inf": return .infinity
    case "": return nil
    default:
        if let value = Double(text) { return value }
        return ["inf", "+inf", "infinity", "+infinity"].contains(text.lowercased()) ? .infinity : nil
    }
}

/// Sorts, adds up buckets of equal bounds; false when the highest bound is not +Inf.
private func coalesce(_ buckets: inout [Bucket]) -> Bool {
    buckets.sort { $0.bound < $1.bound }
    guard buckets.last?.bound == .infinity else { return false }
    var out: [Bucket] = []
    out.reserveCapacity(buckets.count)
    for bucket in buckets {
        if let last = out.last, last.bound == bucket.bound {
            out[out.count - 1].count += bucket.count
        } else {
            out.append(bucket)
        }
    }
    buckets = out
    return true
}

private func quantile(_ q: Double, _ buckets: inout [Bucket]) -> (
    value: Double, forced: (lowest: Double, highest: Double, difference: Double)?
) {
    if q.isNaN { return (.nan, nil) }
    if q < 0 { return (-.infinity, nil) }
    if q > 1 { return (.infinity, nil) }
    guard coalesce(&buckets), buckets.count >= 1 else { return (.nan, nil) }
    let forced = makeMonotonic(&buckets)
    guard buckets.count >= 2 else { return (.nan, forced) }
    let last = buckets.count - 1
    let observations = buckets[last].count
    if observations == 0 || observations.isNaN { return (.nan, forced) }
    var rank = q * observations
    var low = 0
    var high = last
    while low < high {
        let middle = (low + high) / 2
        if buckets[middle].count >= rank { high = middle } else { low = middle + 1 }
    }
    let place = low
    if place == last { return (buckets[last - 1].bound, forced) }
    if place == 0, buckets[0].bound <= 0 { return (buckets[0].bound, forced) }
    var start = 0.0
    let end = buckets[place].bound
    var count = buckets[place].count
    if place > 0 {
        start = buckets[place - 1].bound
        count -= buckets[place - 1].count
        rank -= buckets[place - 1].count
    }
    return (start + (end - start) * (rank / count), forced)
}

/// Differences that rounding can have made are flattened silently; real decreases are raised to the count before.
private func makeMonotonic(_ buckets: inout [Bucket]) -> (lowest: Double, highest: Double, difference: Double)? {
    let tolerance = 1e-12
    var forced: (lowest: Double, highest: Double, difference: Double)?
    var previous = buckets[0].count
    for index in buckets.indices.dropFirst() {
        let count = buckets[index].count
        if count == previous { continue }
        let sum = count.magnitude + previous.magnitude
        if (count - previous).magnitude / min(sum, Double.greatestFiniteMagnitude) < tolerance {
            buckets[index].count = previous
        } else if count < previous {
            let bound = buckets[index].bound
            let difference = previous - count
            forced = (
                min(forced?.lowest ?? bound, bound), max(forced?.highest ?? bound, bound),
                max(forced?.difference ?? difference, difference)
            )
            buckets[index].count = previous
        } else {
            previous = count
        }
    }
    return forced
}

/// The share of observations between two bounds, linear inside buckets.
private func fraction(_ lower: Double, _ upper: Double, _ buckets: inout [Bucket]) -> Double {
    guard coalesce(&buckets), let count = buckets.last?.count else { return .nan }
    if count == 0 || lower.isNaN || upper.isNaN { return .nan }
    if lower >= upper { return 0 }
    func rank(of value: Double) -> Double {
        var rank = 0.0
        for (index, bucket) in buckets.enumerated() {
            var bottom = -Double.infinity
            if index > 0 { bottom = buckets[index - 1].bound } else if bucket.bound > 0 { bottom = 0 }
            if bottom >= value { return rank }
            if bucket.bound > value {
                if bottom == -.infinity { return bucket.count }
                return rank + (bucket.count - rank) * (value - bottom) / (bucket.bound - bottom)
            }
            rank = bucket.count
        }
        return count
    }
    return (min(rank(of: upper), count) - min(rank(of: lower), count)) / count
}

/// A float as OpenMetrics writes bounds and quantiles: `0.5`, `1.0`, `+Inf`.
private func openMetricsText(_ value: Double) -> String {
    let text = goGeneralText(value)
    return value.isFinite && text.utf8.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: "-") }) ? text + ".0" : text
}

/// Two significant digits, as Go's %.2g.
private func twoDigits(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return goGeneralText(value) }
    var exponent = 0
    var scaled = value.magnitude
    while scaled >= 10 { (scaled, exponent) = (scaled / 10, exponent + 1) }
    while scaled < 1 { (scaled, exponent) = (scaled * 10, exponent - 1) }
    scaled = (scaled * 10).rounded(.toNearestOrEven) / 10
    if exponent >= 2 || exponent < -4 {
        let digits = goFixedText(scaled)
        let magnitude = String(exponent.magnitude)
        return "\(value < 0 ? "-" : "")\(digits)e\(exponent < 0 ? "-" : "+")\(magnitude.utf8.count < 2 ? "0" : "")\(magnitude)"
    }
    return goFixedText(Double("\(scaled)e\(exponent)") ?? value)
}

/// RFC 3339 in UTC.
private func dateText(_ milliseconds: Int64) -> String {
    let seconds = Double(milliseconds.flooredMultiple(of: 1000) / 1000)
    func field(_ kind: Function.Kind, _ digits: Int) -> String {
        let text = goFixedText(dateField(kind, seconds))
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }
    let second = ((milliseconds.flooredMultiple(of: 1000) / 1000) % 60 + 60) % 60
    return
        "\(field(.year, 4))-\(field(.month, 2))-\(field(.dayOfMonth, 2))T\(field(.hour, 2)):\(field(.minute, 2)):\(second < 10 ? "0" : "")\(second)Z"
}
