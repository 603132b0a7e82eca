internal import MetricsModel

/// Sorts alerts into groups and says when which receiver is to be told of which: a state machine without I/O that behaves as
/// Alertmanager's dispatcher (dispatch/dispatch.go, dispatch/group.go). What a receiver has heard already is not known here, but in
/// its own queue (`PageWord`).
struct Dispatcher: Sendable {
    enum Change: Sendable {
        /// The newest word about an alert, and when it came.
        case alert(Notification, at: Int64)
        case gone(UInt64)
        case flushed(AlertGroup.ID, next: Int64)
        case dissolved(AlertGroup.ID)
    }

    private struct Known: Sendable {
        var notification: Notification
        let receivedAt: Int64
    }

    /// The bound of an Alertmanager's queue in Prometheus; more alerts than that are one: everything burns.
    static let alertsMax = 10_000

    private(set) var routing: Routing
    private var alerts: [UInt64: Known] = [:]
    private var groups: [AlertGroup.ID: AlertGroup] = [:]
    /// Of groups whose alerts are not sorted into them yet.
    private var flushTimes: [AlertGroup.ID: Int64] = [:]

    init(_ routing: Routing) {
        self.routing = routing
    }

    /// When the next group is due; nil without groups.
    var nextDue: Int64? { groups.values.lazy.map(\.nextFlush).min() }

    /// The groups that are due, those that waited longest first.
    func due(at now: Int64) -> [AlertGroup.ID] {
        groups.values.filter { $0.nextFlush <= now }
            .sorted { $0.nextFlush != $1.nextFlush ? $0.nextFlush < $1.nextFlush : $0.id < $1.id }.map(\.id)
    }

    /// The alerts that fire, in the order of their start. A firing alert of which there was no word until its end is over.
    func firing(at now: Int64) -> [Notification] {
        Page.sorted(alerts.values.lazy.map(\.notification).filter { !Self.isOver($0, at: now) })
    }

    /// When there was last word of an alert.
    func lastWord(of alert: UInt64) -> Int64? { alerts[alert]?.receivedAt }

    /// Takes the newest word about alerts.
    ///
    /// - Returns: the changes, and how many new alerts found no room.
    mutating func take(_ notifications: [Notification], now: Int64) -> (changes: [Change], dropped: Int) {
        var changes: [Change] = []
        var dropped = 0
        for notification in notifications {
            let alert = notification.labels.fingerprint
            guard alerts[alert] != nil || alerts.count < Self.alertsMax else {
                dropped += 1
                continue
            }
            alerts[alert] = Known(notification: notification, receivedAt: now)
            changes.append(.alert(notification, at: now))
            insert(notification, now: now)
        }
        return (changes, dropped)
    }

    /// What the receiver of a group would be told now; nil when there is no such group.
    ///
    /// - Parameter isSuppressed: whether nobody is told of an alert. Its end stays in the group until somebody may be told.
    func cut(_ id: AlertGroup.ID, at now: Int64, isSuppressed: (Labels) -> Bool) -> GroupCut? {
        guard let group = groups[id] else { return nil }
        var told: [Notification] = []
        var over: [Notification] = []
        for alert in group.alerts {
            guard let notification = alerts[alert]?.notification, !isSuppressed(notification.labels) else { continue }
            if Self.isOver(notification, at: now) {
                over.append(notification)
                told.append(notification.ended)
            } else {
                told.append(notification)
            }
        }
        return GroupCut(
            group: id,
            page: Page(groupKey: id.key, groupLabels: group.labels, receiver: id.receiver, alerts: Page.sorted(told)),
            repeatInterval: group.repeatInterval, over: over)
    }

    /// The receivers' queues have taken these. Alerts that are over leave their groups, unless there was newer word meanwhile.
    mutating func finish(_ cuts: [GroupCut], at now: Int64) -> [Change] {
        var changes: [Change] = []
        for cut in cuts {
            guard var group = groups[cut.group] else { continue }
            for notification in cut.over where alerts[notification.labels.fingerprint]?.notification == notification {
                group.alerts.remove(notification.labels.fingerprint)
            }
            group.nextFlush = now + group.groupInterval
            group.hasFlushed = true
            if group.alerts.isEmpty {
                groups[cut.group] = nil
                changes.append(.dissolved(cut.group))
            } else {
                groups[cut.group] = group
                changes.append(.flushed(cut.group, next: group.nextFlush))
            }
            for notification in cut.over where !isGrouped(notification.labels) {
                let alert = notification.labels.fingerprint
                alerts[alert] = nil
                changes.append(.gone(alert))
            }
        }
        return changes
    }

    /// Sorts all alerts anew by these routes. Groups known by key and receiver keep their times.
    mutating func reroute(_ routing: Routing, now: Int64) {
        self.routing = routing
        let before = groups
        groups = [:]
        for known in alerts.values.sorted(by: { $0.receivedAt < $1.receivedAt }) { insert(known.notification, now: now) }
        for (id, group) in before where groups[id] != nil {
            groups[id]?.nextFlush = group.nextFlush
            groups[id]?.hasFlushed = group.hasFlushed
        }
    }

    /// Begins again after the changes of a journal are read. Nobody watched meanwhile: what fired fires until there was time for
    /// word of it.
    mutating func resume(now: Int64) {
        for (alert, known) in alerts where !known.notification.isResolved {
            let validity = max(0, known.notification.endsAt - known.receivedAt)
            alerts[alert] = Known(notification: known.notification.ending(now + validity), receivedAt: now)
        }
        reroute(routing, now: now)
        for (id, next) in flushTimes {
            guard var group = groups[id] else { continue }
            // A clock that was wrong must not hold a group for ever.
            group.nextFlush = min(next, now + group.groupInterval)
            group.hasFlushed = true
            groups[id] = group
        }
        flushTimes = [:]
    }

    private mutating func insert(_ notification: Notification, now: Int64) {
        for node in routing.nodes(for: notification.labels) {
            let labels = node.groupLabels(of: notification.labels)
            let id = AlertGroup.ID(key: node.groupKey(labels), receiver: node.receiver)
            var group =
                groups[id]
                ?? AlertGroup(
                    id: id, labels: labels, groupInterval: node.groupInterval, repeatInterval: node.repeatInterval,
                    nextFlush: now + node.groupWait, hasFlushed: false)
            group.alerts.insert(notification.labels.fingerprint)
            // An alert that has waited long enough elsewhere (before a restart, in another group) need not wait again.
            if !group.hasFlushed, !notification.isResolved {
                group.nextFlush = min(group.nextFlush, max(now, notification.startsAt + node.groupWait))
            }
            groups[id] = group
        }
    }

    private func isGrouped(_ labels: Labels) -> Bool {
        routing.nodes(for: labels).contains { node in
            let id = AlertGroup.ID(key: node.groupKey(node.groupLabels(of: labels)), receiver: node.receiver)
            return groups[id]?.alerts.contains(labels.fingerprint) ?? false
        }
    }

    private static func isOver(_ notification: Notification, at now: Int64) -> Bool {
        notification.isResolved || notification.endsAt <= now
    }
}

extension Dispatcher: Journaled {
    mutating func replay(_ change: Change) {
        switch change {
        case .alert(let notification, let receivedAt):
            alerts[notification.labels.fingerprint] = Known(notification: notification, receivedAt: receivedAt)
        case .gone(let alert): alerts[alert] = nil
        case .flushed(let id, let next): flushTimes[id] = next
        case .dissolved(let id): flushTimes[id] = nil
        }
    }

    var journal: [Change] {
        let flushed = groups.values.filter(\.hasFlushed).reduce(into: flushTimes) { $0[$1.id] = $1.nextFlush }
        return alerts.values.sorted { $0.receivedAt < $1.receivedAt }.map { .alert($0.notification, at: $0.receivedAt) }
            + flushed.sorted { $0.key < $1.key }.map { .flushed($0.key, next: $0.value) }
    }

    static func encode(_ change: Change) -> [UInt8] {
        var writer = ByteWriter()
        switch change {
        case .alert(let notification, let receivedAt):
            writer.put(UInt8(1))
            writer.put(receivedAt)
            Notification.put(notification, into: &writer)
        case .gone(let alert):
            writer.put(UInt8(2))
            Notification.put(alert, into: &writer)
        case .flushed(let id, let next):
            writer.put(UInt8(3))
            writer.put(id.key)
            writer.put(id.receiver)
            writer.put(next)
        case .dissolved(let id):
            writer.put(UInt8(4))
            writer.put(id.key)
            writer.put(id.receiver)
        }
        return writer.bytes
    }

    static func decode(_ record: ArraySlice<UInt8>) throws(ByteError) -> Change {
        var reader = ByteReader(record)
        switch try reader.byte() {
        case 1:
            let receivedAt = try reader.int64()
            return .alert(try Notification.item(&reader), at: receivedAt)
        case 2: return .gone(try Notification.key(&reader))
        case 3:
            let id = AlertGroup.ID(key: try reader.text(), receiver: try reader.text())
            return .flushed(id, next: try reader.int64())
        case 4: return .dissolved(AlertGroup.ID(key: try reader.text(), receiver: try reader.text()))
        default: throw ByteError()
        }
    }
}

extension Notification {
    /// The same alert, over.
    var ended: Notification {
        Notification(
            labels: labels, annotations: annotations, startsAt: startsAt, endsAt: endsAt, isResolved: true,
            generatorURL: generatorURL)
    }

    fileprivate func ending(_ instant: Int64) -> Notification {
        Notification(
            labels: labels, annotations: annotations, startsAt: startsAt, endsAt: instant, isResolved: isResolved,
            generatorURL: generatorURL)
    }
}
