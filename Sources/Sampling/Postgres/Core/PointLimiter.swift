internal import MetricsModel

/// Bounds the samples of an answer whose families depend on what is in it, family by family; see `RowLimiter`. The parts of a histogram
/// stay together.
struct PointLimiter: Sendable {
    private var limiters: [String: RowLimiter] = [:]
    private var last: [String: [UInt64]] = [:]

    var isActive: Bool { limiters.values.contains(where: \.isActive) }

    /// `kept` are labels whose values are those of every row, and stay in the remainder.
    mutating func limit(_ families: [FamilySamples], samplesMax: Int, keeping kept: Labels) -> (
        families: [FamilySamples], hidden: Int
    ) {
        let share = max(2, samplesMax / max(1, families.count))
        var hidden = 0
        let limited = families.map { samples in
            let (limited, count) = limit(samples, samplesMax: share, keeping: kept)
            hidden += count
            return limited
        }
        return (limited, hidden)
    }

    private struct Part: Hashable {
        let name: String
        let bound: String
    }

    private mutating func limit(_ samples: FamilySamples, samplesMax: Int, keeping kept: Labels) -> (FamilySamples, Int) {
        let name = samples.family.name
        let points = samples.everyPoint
        var limiter = limiters[name] ?? RowLimiter()
        var parts: [Part] = []
        var partPlaces: [Part: Int] = [:]
        var rows: [Labels] = []
        var rowPlaces: [Labels: Int] = [:]
        var members: [[(part: Int, point: Point)]] = []
        for point in points {
            let labels = point.series.labels
            let bound = samples.family.type == .histogram ? labels["le"] ?? "" : ""
            let part = Part(name: point.series.name, bound: bound)
            let place = partPlaces[part] ?? parts.count
            if place == parts.count {
                parts.append(part)
                partPlaces[part] = place
            }
            let rest = bound.isEmpty ? labels : labels.removing(["le"])
            let row = rowPlaces[rest] ?? rows.count
            if row == rows.count {
                rows.append(rest)
                rowPlaces[rest] = row
                members.append([])
            }
            members[row].append((place, point))
        }
        let keys = rows.map(\.fingerprint)
        defer { last[name] = keys }
        guard points.count > samplesMax || limiter.isActive else { return (samples, 0) }
        var columns = parts.map { _ in [Double](repeating: ValueColumn.absent, count: rows.count) }
        for (row, all) in members.enumerated() {
            for (part, point) in all { columns[part][row] = point.value }
        }
        let isCounter = samples.family.type == .counter
        let division = limiter.divide(
            keys, columns, counters: parts.map { _ in isCounter }, rowsMax: max(1, samplesMax / max(1, parts.count)),
            before: last[name] ?? [])
        limiters[name] = limiter
        var shown = division.shown.flatMap { members[$0].map(\.point) }
        let labels = Labels(samples.family.labelNames.map { Label($0, "other") }).merging(kept)
        for (part, value) in zip(parts, division.remainder) {
            let own = part.bound.isEmpty ? labels : labels.setting("le", to: part.bound)
            shown.append(Point(Series(name: part.name, labels: own), value))
        }
        let hidden = points.count - (shown.count - parts.count)
        return (FamilySamples(samples.family, shown), hidden)
    }
}
