import NIOCore
import Synchronization

/// The open connections of all listeners. Past the limit the one that has been without a request longest makes room, so that a flood of
/// silent connections costs bounded memory and a reader still gets in.
final class ConnectionRegistry: Sendable {
    private struct Entry {
        let channel: any Channel
        /// When it last became idle, as a number that only grows; nil while a request is in flight.
        var idleSince: UInt64?
    }

    private struct State {
        var entries: [ObjectIdentifier: Entry] = [:]
        var turn: UInt64 = 0
        var evicted: UInt64 = 0
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) {
        self.limit = max(1, limit)
    }

    /// The number of connections held.
    var count: Int { state.withLock { $0.entries.count } }

    /// Takes in a connection, and closes the one that must make room for it: the longest idle, or itself when all are busy. O(limit).
    func opened(_ channel: any Channel) {
        let id = ObjectIdentifier(channel)
        let victim: (any Channel)? = state.withLock { state in
            state.turn += 1
            var victim: (any Channel)?
            if state.entries.count >= limit {
                state.evicted += 1
                let idle = state.entries.lazy.compactMap { entry in entry.value.idleSince.map { (entry.key, $0) } }
                guard let oldest = idle.min(by: { $0.1 < $1.1 })?.0 else { return channel }
                victim = state.entries.removeValue(forKey: oldest)?.channel
            }
            state.entries[id] = Entry(channel: channel, idleSince: state.turn)
            return victim
        }
        victim?.close(promise: nil)
    }

    func closed(_ channel: any Channel) {
        _ = state.withLock { $0.entries.removeValue(forKey: ObjectIdentifier(channel)) }
    }

    /// Closes every connection, whatever it does.
    func closeAll() {
        let channels = state.withLock { $0.entries.values.map(\.channel) }
        for channel in channels { channel.close(promise: nil) }
    }

    func becameBusy(_ channel: any Channel) {
        state.withLock { $0.entries[ObjectIdentifier(channel)]?.idleSince = nil }
    }

    func becameIdle(_ channel: any Channel) {
        state.withLock { state in
            state.turn += 1
            state.entries[ObjectIdentifier(channel)]?.idleSince = state.turn
        }
    }
}
