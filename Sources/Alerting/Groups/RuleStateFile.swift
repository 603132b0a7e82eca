internal import MetricsModel

/// The alerts of one group as they are kept over a restart: one file per group, replaced whole after each change. Prometheus asks
/// its time series instead, which loses an alert whose `for` is below the grace period; this file does not.
enum RuleStateFile {
    private static let version: UInt8 = 2
    /// Knew nothing of alerts kept while their target is away.
    private static let firstVersion: UInt8 = 1

    static func encode(_ group: RuleGroup, savedAt: Int64) -> [UInt8] {
        var writer = ByteWriter()
        writer.put(version)
        writer.put(savedAt)
        writer.put(group.definition.key)
        let rules = group.rules.filter { !$0.alerts.alerts.isEmpty }
        writer.put(count: rules.count)
        for rule in rules {
            writer.put(rule.definition.identity)
            let alerts = rule.alerts.alerts.values.sorted { $0.labels < $1.labels }
            writer.put(count: alerts.count)
            for alert in alerts { encode(alert, to: &writer) }
        }
        var out: [UInt8] = []
        ChecksummedRecords.append(writer.bytes, to: &out)
        return out
    }

    /// Gives a group the alerts of a file. Time that nobody watched does not count towards `for`. Nothing is taken from a file that
    /// is damaged, of another group, or older than the outage tolerance.
    ///
    /// - Returns: false when the file is damaged.
    static func restore(_ bytes: [UInt8], into group: inout RuleGroup, now: Int64, outageTolerance: Int64) -> Bool {
        guard let payload = ChecksummedRecords.read(bytes).records.first else { return false }
        do {
            var reader = ByteReader(payload)
            let version = try reader.byte()
            guard version == Self.version || version == firstVersion else { return false }
            let savedAt = try reader.int64()
            guard try reader.text() == group.definition.key else { return true }
            var restored: [String: [[ActiveAlert]]] = [:]
            for _ in 0..<(try reader.count()) {
                let identity = try reader.text()
                var alerts: [ActiveAlert] = []
                for _ in 0..<(try reader.count()) { alerts.append(try decode(&reader, version)) }
                restored[identity, default: []].append(alerts)
            }
            let pause = max(0, now - savedAt)
            guard pause <= outageTolerance else { return true }
            for (place, rule) in group.rules.enumerated() {
                guard rule.definition.isAlert, let alerts = restored[rule.definition.identity]?.first else { continue }
                restored[rule.definition.identity]?.removeFirst()
                group.setAlerts(AlertRuleState(restored: alerts.map { resumed($0, after: pause) }), ofRule: place)
            }
            return true
        } catch {
            return false
        }
    }

    private static func resumed(_ alert: ActiveAlert, after pause: Int64) -> ActiveAlert {
        var next = alert
        next.graceEvaluations = RuleGroup.graceEvaluations
        if alert.state == .pending { next.activeAt += pause }
        if let since = alert.keepFiringSince { next.keepFiringSince = since + pause }
        return next
    }

    private static func encode(_ alert: ActiveAlert, to writer: inout ByteWriter) {
        writer.put(UInt8(alert.state == .pending ? 0 : alert.state == .firing ? 1 : 2))
        writer.put(alert.labels.pairs)
        writer.put(alert.annotations)
        writer.put(alert.value)
        writer.put(alert.activeAt)
        for time in [alert.firedAt, alert.resolvedAt, alert.lastSentAt, alert.validUntil, alert.keepFiringSince] {
            writer.put(time)
        }
        writer.put(UInt8(alert.kept == nil ? 0 : 1))
        if let kept = alert.kept { encode(kept, to: &writer) }
    }

    private static func encode(_ kept: KeptAlert, to writer: inout ByteWriter) {
        writer.put(kept.since)
        writer.put(kept.lastAway)
        writer.put(kept.outage.target.pairs)
        writer.put(kept.outage.collector ?? "")
        writer.put(kept.outage.since)
        writer.put(count: kept.seriesCount)
        writer.put(count: kept.series.count)
        for series in kept.series { writer.put(series.pairs) }
    }

    private static func decodeKept(_ reader: inout ByteReader) throws(ByteError) -> KeptAlert? {
        guard try reader.byte() != 0 else { return nil }
        let (since, lastAway) = (try reader.int64(), try reader.int64())
        let (target, collector) = (Labels(try reader.labels()), try reader.text())
        let outage = Outage(
            target: target, collector: collector.isEmpty ? nil : collector, since: try reader.optionalInt64())
        let seriesCount = Int(try reader.uint32())
        var series: [Labels] = []
        for _ in 0..<(try reader.count()) { series.append(Labels(try reader.labels())) }
        return KeptAlert(since: since, outage: outage, series: series, seriesCount: seriesCount, lastAway: lastAway)
    }

    private static func decode(_ reader: inout ByteReader, _ version: UInt8) throws(ByteError) -> ActiveAlert {
        let state: AlertState
        switch try reader.byte() {
        case 0: state = .pending
        case 1: state = .firing
        case 2: state = .inactive
        default: throw ByteError()
        }
        return ActiveAlert(
            state: state, labels: Labels(try reader.labels()), annotations: try reader.labels(), value: try reader.double(),
            activeAt: try reader.int64(), firedAt: try reader.optionalInt64(), resolvedAt: try reader.optionalInt64(),
            lastSentAt: try reader.optionalInt64(), validUntil: try reader.optionalInt64(),
            keepFiringSince: try reader.optionalInt64(),
            kept: version == firstVersion ? nil : try decodeKept(&reader))
    }
}

extension ByteWriter {
    mutating func put(_ labels: [Label]) {
        put(count: labels.count)
        for label in labels {
            put(label.name)
            put(label.value)
        }
    }
}

extension ByteReader {
    mutating func labels() throws(ByteError) -> [Label] {
        var labels: [Label] = []
        for _ in 0..<(try count()) { labels.append(Label(try text(), try text())) }
        return labels
    }
}
