internal import MetricsModel

/// When a group is evaluated: at one offset within its interval, made from its name, so that many groups spread over the
/// interval and each keeps its place over restarts (as Prometheus' Group.EvalTimestamp).
public struct GroupSchedule: Sendable {
    /// Milliseconds.
    public let interval: Int64
    public let offset: Int64

    /// `interval` must be positive.
    public init(file: String, group: String, interval: Int64) {
        precondition(interval > 0, "an interval must be positive")
        self.interval = interval
        let hash = Labels(["file": file, "name": group]).fingerprint
        // FNV's low bits vary little between short names; folding mixes in the high ones.
        offset = Int64((hash ^ (hash >> 32)) % UInt64(interval))
    }

    /// The newest instant of evaluation at or before `time`.
    public func slot(atOrBefore time: Int64) -> Int64 {
        let shifted = time - offset
        let remainder = shifted % interval
        return shifted - (remainder < 0 ? remainder + interval : remainder) + offset
    }

    /// The first instant of evaluation after `time`.
    public func slot(after time: Int64) -> Int64 {
        slot(atOrBefore: time) + interval
    }

    /// What is due at `now` when `last` was evaluated: the newest slot that has come, with the number of slots left out before it.
    /// nil while nothing is due.
    public func due(after last: Int64, now: Int64) -> (slot: Int64, missed: Int)? {
        let newest = slot(atOrBefore: now)
        guard newest > last else { return nil }
        return (newest, Int((newest - slot(after: last)) / interval))
    }
}
