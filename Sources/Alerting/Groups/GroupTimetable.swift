/// Which groups are due. A group that is still being evaluated is not due again; the rounds it misses are counted.
struct GroupTimetable: Sendable {
    struct Due: Equatable {
        let key: String
        /// Milliseconds since the epoch.
        let slot: Int64
        let missed: Int
    }

    private struct Entry {
        let schedule: GroupSchedule
        var last: Int64
        var isBusy: Bool
    }

    private var entries: [String: Entry] = [:]

    /// Takes these groups, and only these. One that keeps its schedule keeps its place; the others begin at their next slot.
    mutating func replace(_ schedules: [(String, GroupSchedule)], now: Int64) {
        var next: [String: Entry] = [:]
        for (key, schedule) in schedules {
            let old = entries[key]
            let last = old.flatMap { $0.schedule.interval == schedule.interval ? $0.last : nil } ?? schedule.slot(atOrBefore: now)
            next[key] = Entry(schedule: schedule, last: last, isBusy: old?.isBusy ?? false)
        }
        entries = next
    }

    /// The groups that are due now, marked as busy, earliest first.
    mutating func takeDue(now: Int64) -> [Due] {
        var due: [Due] = []
        for (key, entry) in entries where !entry.isBusy {
            guard let next = entry.schedule.due(after: entry.last, now: now) else { continue }
            entries[key]?.last = next.slot
            entries[key]?.isBusy = true
            due.append(Due(key: key, slot: next.slot, missed: next.missed))
        }
        return due.sorted { ($0.slot, $0.key) < ($1.slot, $1.key) }
    }

    mutating func finish(_ key: String) {
        entries[key]?.isBusy = false
    }

    /// When the next group is due; nil when none is waiting.
    var nextDue: Int64? {
        entries.values.lazy.filter { !$0.isBusy }.map { $0.schedule.slot(after: $0.last) }.min()
    }
}
