internal import MetricsModel

/// The newest word about a group for one receiver that groups as Alertmanager does, with what decides whether it is sent: the
/// receiver's own memory, as Alertmanager's notification log (notify.DedupStage).
struct PageWord: Deliverable, Equatable {
    /// What the receiver knows of a group.
    struct Told: Sendable, Equatable {
        /// The alerts that fired in the page before, sent or refused.
        var firing: Set<UInt64> = []
        /// Alerts that the receiver has heard of, or may have, and not yet of their end.
        var open: Set<UInt64> = []
        /// When the page before was done with; milliseconds since the epoch.
        var at: Int64 = .min
    }

    /// Whether a receiver hears of alerts that are over.
    enum Ends: UInt8, Sendable {
        case kept = 0
        case sent = 1
    }

    let page: Page
    let ends: Ends
    /// Milliseconds.
    let repeatInterval: Int64

    static let goesAlone = true

    var key: String { page.groupKey }

    var alertCount: Int { page.alerts.count }

    func standing(waiting: PageWord?, inFlight: PageWord?, told: Told?, now: Int64) -> Standing<PageWord> {
        let next = heard(waiting: waiting, inFlight: inFlight, told: told)
        guard !next.page.alerts.isEmpty else { return .isNotNeeded }
        // What the receiver will know is open while it is being told; then this is looked at again.
        if inFlight != nil { return .waits(next) }
        let firing = next.page.firing
        let hasEnds = firing.count < next.page.alerts.count
        // Alertmanager forgets what such a receiver knows as soon as nothing on the page fires, and not before.
        if hasEnds, ends == .kept { return .endsSilently }
        return Self.isNews(firing, hasEnds: hasEnds, told, repeatInterval, now) ? .waits(next) : .isNotNeeded
    }

    func told(_ outcome: DeliveryOutcome, before: Told?, now: Int64) -> Told? {
        let firing = page.firing
        let over = Set(page.alerts.lazy.filter(\.isResolved).map(\.labels.fingerprint))
        var next = before ?? Told()
        switch (outcome, ends) {
        case (.delivered, _):
            next.open = next.open.union(ends == .sent ? firing : []).subtracting(over)
            next.firing = firing
            next.at = now
        case (.refused, _):
            // The same words would be refused again. Nobody heard of what fires, so nobody will hear of its end.
            next.open.subtract(over)
            next.firing = firing
            next.at = now
        case (.failed(mayHaveArrived: true), .sent): next.open.formUnion(firing)
        case (.failed, _): return before
        }
        return next.firing.isEmpty && next.open.isEmpty ? nil : next
    }

    /// This word without the ends of which the receiver is not to hear: all, or those of alerts of which it never heard. The ends that
    /// waited before this word are added: the group does not repeat them. A group that is all over keeps its ends in any case: they
    /// end what the receiver knows.
    private func heard(waiting: PageWord?, inFlight: PageWord?, told: Told?) -> PageWord {
        if ends == .kept {
            let firing = page.alerts.filter { !$0.isResolved }
            return firing.isEmpty || firing.count == page.alerts.count ? self : replacing(firing)
        }
        let owed = waiting?.page.alerts.filter(\.isResolved) ?? []
        guard !owed.isEmpty || page.alerts.contains(where: \.isResolved) else { return self }
        let known = (told?.open ?? []).union(inFlight?.page.firing ?? []).union(owed.map(\.labels.fingerprint))
        let alerts = page.alerts.filter { !$0.isResolved || known.contains($0.labels.fingerprint) }
        let named = Set(alerts.map(\.labels.fingerprint))
        let added = owed.filter { !named.contains($0.labels.fingerprint) }
        return replacing(added.isEmpty ? alerts : Page.sorted(alerts + added))
    }

    /// Whether there is something new to say (notify.DedupStage.needsUpdate).
    private static func isNews(_ firing: Set<UInt64>, hasEnds: Bool, _ told: Told?, _ repeatInterval: Int64, _ now: Int64) -> Bool
    {
        if hasEnds { return true }
        guard let told else { return !firing.isEmpty }
        return !firing.isSubset(of: told.firing) || told.at < now - repeatInterval
    }

    private func replacing(_ alerts: [Notification]) -> PageWord {
        PageWord(page: page.replacing(alerts), ends: ends, repeatInterval: repeatInterval)
    }

    static func put(_ item: PageWord, into writer: inout ByteWriter) {
        writer.put(item.page.groupKey)
        writer.put(item.page.groupLabels.pairs)
        writer.put(item.page.receiver)
        writer.put(item.ends.rawValue)
        writer.put(item.repeatInterval)
        writer.put(count: item.page.alerts.count)
        for alert in item.page.alerts { Notification.put(alert, into: &writer) }
    }

    static func item(_ reader: inout ByteReader) throws(ByteError) -> PageWord {
        let groupKey = try reader.text()
        let groupLabels = Labels(try reader.labels())
        let receiver = try reader.text()
        guard let ends = Ends(rawValue: try reader.byte()) else { throw ByteError() }
        let repeatInterval = try reader.int64()
        var alerts: [Notification] = []
        for _ in 0..<(try reader.count()) { alerts.append(try Notification.item(&reader)) }
        return PageWord(
            page: Page(groupKey: groupKey, groupLabels: groupLabels, receiver: receiver, alerts: alerts), ends: ends,
            repeatInterval: repeatInterval)
    }

    static func put(_ key: String, into writer: inout ByteWriter) { writer.put(key) }

    static func key(_ reader: inout ByteReader) throws(ByteError) -> String { try reader.text() }

    static func put(_ told: Told, into writer: inout ByteWriter) {
        writer.put(told.at)
        for set in [told.firing, told.open] {
            writer.put(count: set.count)
            for alert in set.sorted() { writer.put(Int64(bitPattern: alert)) }
        }
    }

    static func told(_ reader: inout ByteReader) throws(ByteError) -> Told {
        let at = try reader.int64()
        return Told(firing: try fingerprints(&reader), open: try fingerprints(&reader), at: at)
    }

    private static func fingerprints(_ reader: inout ByteReader) throws(ByteError) -> Set<UInt64> {
        var set: Set<UInt64> = []
        for _ in 0..<(try reader.count()) { set.insert(UInt64(bitPattern: try reader.int64())) }
        return set
    }
}

extension Page {
    /// The fingerprints of the alerts that fire.
    var firing: Set<UInt64> { Set(alerts.lazy.filter { !$0.isResolved }.map(\.labels.fingerprint)) }

    func replacing(_ alerts: [Notification]) -> Page {
        Page(groupKey: groupKey, groupLabels: groupLabels, receiver: receiver, alerts: alerts)
    }

    /// In the order of their start, then of their labels.
    static func sorted(_ alerts: [Notification]) -> [Notification] {
        alerts.sorted { $0.startsAt != $1.startsAt ? $0.startsAt < $1.startsAt : $0.labels < $1.labels }
    }
}
