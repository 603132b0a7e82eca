import MetricsModel

/// The slow way: each definition of the documentation written down over plain arrays, to check the engine against.
struct ObviousEvaluator {
    let store: RandomStore

    typealias Point = (time: Int64, value: Double)

    static let rangeFunctions = [
        "sum_over_time", "avg_over_time", "count_over_time", "min_over_time", "max_over_time", "last_over_time",
        "first_over_time",
        "present_over_time", "changes", "resets", "irate", "idelta", "rate", "increase", "delta", "deriv", "stddev_over_time",
        "stdvar_over_time", "mad_over_time", "ts_of_first_over_time", "ts_of_last_over_time", "ts_of_max_over_time",
    ]

    static let aggregators = ["sum", "avg", "count", "min", "max", "group", "stddev", "stdvar"]

    /// `function(name[range] offset shift)` at `time`; metric names kept.
    func overRange(_ function: String, _ name: String, range: Int64, offset: Int64, at time: Int64) -> [Labels: Double] {
        var out: [Labels: Double] = [:]
        let end = time - offset
        for series in store.series where series.labels.name == name {
            let points = zip(series.timestamps, series.values).map { Point(time: $0, value: $1) }
                .filter { $0.time > end - range && $0.time <= end && !isStaleMarker($0.value) }
            if let value = apply(function, points, from: end - range, to: end) { out[series.labels] = value }
        }
        return out
    }

    /// The newest sample of each series in (time - 5m, time], unless it is a stale marker.
    func instant(_ name: String, at time: Int64) -> [Labels: Double] {
        var out: [Labels: Double] = [:]
        for series in store.series where series.labels.name == name {
            let seen = zip(series.timestamps, series.values).filter { $0.0 > time - 300_000 && $0.0 <= time }
            if let last = seen.last, !isStaleMarker(last.1) { out[series.labels] = last.1 }
        }
        return out
    }

    /// `aggregator by/without (names) (values)`.
    func aggregate(_ aggregator: String, _ values: [Labels: Double], _ names: Set<String>, without: Bool) -> [Labels: Double] {
        var groups: [Labels: [Double]] = [:]
        for (labels, value) in values {
            let key = without ? labels.removing(names.union([Labels.metricName])) : labels.keeping(names)
            groups[key, default: []].append(value)
        }
        return groups.mapValues { members in
            switch aggregator {
            case "sum": return members.reduce(0, +)
            case "avg": return members.reduce(0, +) / Double(members.count)
            case "count": return Double(members.count)
            case "min": return members.min() ?? .nan
            case "max": return members.max() ?? .nan
            case "stddev": return variance(members).squareRoot()
            case "stdvar": return variance(members)
            default: return 1
            }
        }
    }

    private func variance(_ values: [Double]) -> Double {
        let mean = values.reduce(0, +) / Double(values.count)
        return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
    }

    private func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    private func apply(_ function: String, _ points: [Point], from start: Int64, to end: Int64) -> Double? {
        guard let first = points.first, let last = points.last else { return nil }
        let values = points.map(\.value)
        let pairs = Array(zip(values, values.dropFirst()))
        switch function {
        case "sum_over_time": return values.reduce(0, +)
        case "avg_over_time": return values.reduce(0, +) / Double(values.count)
        case "count_over_time": return Double(values.count)
        case "min_over_time": return values.min()
        case "max_over_time": return values.max()
        case "last_over_time": return last.value
        case "first_over_time": return first.value
        case "present_over_time": return 1
        case "changes": return Double(pairs.count { $0 != $1 })
        case "resets": return Double(pairs.count { $1 < $0 })
        case "stddev_over_time": return variance(values).squareRoot()
        case "stdvar_over_time": return variance(values)
        case "mad_over_time":
            let middle = median(values)
            return median(values.map { abs($0 - middle) })
        case "ts_of_first_over_time": return Double(first.time) / 1000
        case "ts_of_last_over_time": return Double(last.time) / 1000
        case "ts_of_max_over_time": return points.last { $0.value == values.max() }.map { Double($0.time) / 1000 }
        default: break
        }
        guard points.count > 1 else { return nil }
        let beforeLast = points[points.count - 2]
        switch function {
        case "idelta": return last.value - beforeLast.value
        case "irate":
            let change = last.value < beforeLast.value ? last.value : last.value - beforeLast.value
            return change / (Double(last.time - beforeLast.time) / 1000)
        case "deriv":
            if values.allSatisfy({ $0 == first.value }) { return 0 }
            let x = points.map { Double($0.time - first.time) / 1000 }
            let (meanX, meanY) = (x.reduce(0, +) / Double(x.count), values.reduce(0, +) / Double(values.count))
            let covariance = zip(x, values).reduce(0) { $0 + ($1.0 - meanX) * ($1.1 - meanY) }
            return covariance / x.reduce(0) { $0 + ($1 - meanX) * ($1 - meanX) }
        default: return extrapolated(function, points, from: start, to: end)
        }
    }

    /// rate, increase and delta with the documented extrapolation.
    private func extrapolated(_ function: String, _ points: [Point], from start: Int64, to end: Int64) -> Double? {
        guard let first = points.first, let last = points.last else { return nil }
        let isCounter = function != "delta"
        var change = last.value - first.value
        if isCounter {
            for (a, b) in zip(points, points.dropFirst()) where b.value < a.value { change += a.value }
        }
        let covered = Double(last.time - first.time) / 1000
        let spacing = covered / Double(points.count - 1)
        var before = Double(first.time - start) / 1000
        if before >= spacing * 1.1 { before = spacing / 2 }
        if isCounter, change > 0, first.value >= 0 { before = min(before, covered * first.value / change) }
        var after = Double(end - last.time) / 1000
        if after >= spacing * 1.1 { after = spacing / 2 }
        let whole = change * (covered + before + after) / covered
        return function == "rate" ? whole / (Double(end - start) / 1000) : whole
    }
}
