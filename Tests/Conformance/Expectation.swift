import MetricsModel
import PromQL

/// One `eval` block of a script.
struct Evaluation {
    enum Times {
        case instant(Int64)
        case range(Int64, Int64, Int64)
    }

    enum Pattern {
        case any
        case message(String)
        case regex(RegularExpression)

        func matches(_ text: String) -> Bool {
            switch self {
            case .any: true
            case .message(let wanted): wanted == text
            case .regex(let pattern): pattern.firstMatch(in: Array(text.utf8)) != nil
            }
        }
    }

    let line: Int
    let times: Times
    let text: String
    var isOrdered = false
    var fails: Pattern?
    var warnings: [Pattern] = []
    var infos: [Pattern] = []
    var forbidsWarnings = false
    var forbidsInfos = false
    var scalar: Double?
    var string: String?
    /// `expect range vector from A to B step S`.
    var rangeVector: (Int64, Int64, Int64)?
    var series: [SeriesNotation] = []
    /// It needs what is not supported, and says so.
    var isUnsupported = false

    // MARK: - Checks

    /// What is wrong with the annotations, if anything.
    func annotationFault(_ result: QueryResult) -> String? {
        fault("warning", result.warnings, warnings, forbids: forbidsWarnings)
            ?? fault("info", result.infos, infos, forbids: forbidsInfos)
    }

    private func fault(_ kind: String, _ found: [String], _ wanted: [Pattern], forbids: Bool) -> String? {
        if forbids, let first = found.first { return "unexpected \(kind): \(first)" }
        guard !wanted.isEmpty else { return nil }
        if let missing = wanted.first(where: { pattern in !found.contains(where: pattern.matches) }) {
            return "no \(kind) matches \(missing), found \(found)"
        }
        if let extra = found.first(where: { text in !wanted.contains { $0.matches(text) } }) { return "extra \(kind): \(extra)" }
        return nil
    }

    /// What is wrong with a value, if anything.
    func valueFault(_ value: PromQLValue) -> String? {
        switch value {
        case .scalar(let number, _):
            guard let scalar else { return "got scalar \(number)" }
            return almostEqual(number, scalar) ? nil : "got \(number), wanted \(scalar)"
        case .string(let text, _):
            return text == string ? nil : "got string \(text)"
        case .vector(let samples):
            if scalar != nil || string != nil { return "got a vector" }
            return vectorFault(samples.map { ($0.labels, $0.value.number ?? .nan) }, checksOrder: isOrdered)
        case .matrix(let series):
            return matrixFault(series)
        }
    }

    func vectorFault(_ samples: [(Labels, Double)], checksOrder: Bool) -> String? {
        var wanted: [Labels: (Double, Int)] = [:]
        for (place, line) in series.enumerated() {
            guard let value = line.values.first ?? nil else { continue }
            wanted[line.labels] = (value, place)
        }
        for (place, (labels, value)) in samples.enumerated() {
            guard let (number, position) = wanted.removeValue(forKey: labels) else { return "unexpected \(labels) \(value)" }
            if !almostEqual(value, number) { return "\(labels): got \(value), wanted \(number)" }
            if checksOrder, position != place { return "\(labels): at \(place), wanted at \(position)" }
        }
        if let missing = wanted.first { return "missing \(missing.key) \(missing.value.0)" }
        return nil
    }

    private func matrixFault(_ found: [MatrixSeries]) -> String? {
        let (start, step): (Int64, Int64)
        if let rangeVector {
            (start, step) = (rangeVector.0, rangeVector.2)
        } else if case .range(let from, _, let every) = times {
            (start, step) = (from, every)
        } else {
            return "got a matrix"
        }
        var wanted: [Labels: [(Int64, Double)]] = [:]
        for line in series {
            wanted[line.labels] = line.values.enumerated().compactMap { index, value in
                value.map { (start + Int64(index) * step, $0) }
            }
        }
        for series in found {
            guard let points = wanted.removeValue(forKey: series.labels) else {
                return "unexpected \(series.labels) \(series.points.map { $0.value.number ?? .nan })"
            }
            let got = series.points.map { ($0.timestamp, $0.value.number ?? .nan) }
            guard got.count == points.count, zip(got, points).allSatisfy({ $0.0 == $1.0 && almostEqual($0.1, $1.1) }) else {
                return "\(series.labels): got \(got), wanted \(points)"
            }
        }
        if let missing = wanted.first(where: { !$0.value.isEmpty }) { return "missing \(missing.key)" }
        for (a, b) in zip(found, found.dropFirst()) where !(a.labels < b.labels) { return "not sorted by labels" }
        return nil
    }
}

/// Equal but for rounding, as promqltest decides it.
func almostEqual(_ a: Double, _ b: Double) -> Bool {
    if isStaleMarker(a) || isStaleMarker(b) { return isStaleMarker(a) && isStaleMarker(b) }
    if a.isNaN && b.isNaN || a == b { return true }
    let difference = (a - b).magnitude
    let sum = a.magnitude + b.magnitude
    if a == 0 || b == 0 || sum < Double.leastNormalMagnitude { return difference < 1e-6 * Double.leastNormalMagnitude }
    return difference / min(sum, .greatestFiniteMagnitude) < 1e-6
}
