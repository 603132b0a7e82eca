import NIOCore
import Synchronization

/// The open connections of all listeners. Past the limit the one that has been without a request longest makes room, so that a flood of
/// silent connections costs bounded memory and a reader still gets in.
final class ConnectionRegistry: Sendable {
    private struct Entry {
        let channel: any Channel
        /// When it last became idle, as a number that only grows; nil while a request is in flight.
        var idleSince: UInt64?
        /// Of the request that is being answered.
        var departure: Departure?
    }

    private struct State {
        var entries: [ObjectIdentifier: Entry] = [:]
        /// Connections in the order in which they became idle. One that has moved since has another turn in `entries`, and is passed over.
        var line: [(id: ObjectIdentifier, turn: UInt64)] = []
        var lineStart = 0
        var turn: UInt64 = 0

        mutating func becameIdle(_ id: ObjectIdentifier) {
            turn += 1
            guard entries[id] != nil else { return }
            entries[id]?.idleSince = turn
            line.append((id, turn))
            // What was passed over goes when it is most of the line: amortised constant time, and a line in proportion to the connections.
            if lineStart > 1024, lineStart > line.count / 2 {
                line.removeFirst(lineStart)
                lineStart = 0
            }
            if line.count - lineStart > 4 * entries.count + 1024 {
                line = line[lineStart...].filter { entries[$0.id]?.idleSince == $0.turn }
                lineStart = 0
            }
        }

        /// Removes the connection that has been idle longest; nil when all are busy.
        mutating func removeLongestIdle() -> (any Channel)? {
            while lineStart < line.count {
                let (id, turn) = line[lineStart]
                lineStart += 1
                if entries[id]?.idleSince == turn { return entries.removeValue(forKey: id)?.channel }
            }
            return nil
        }
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) {
        self.limit = max(1, limit)
    }

    /// The number of connections held.
    var count: Int { state.withLock { $0.entries.count } }

    /// Takes in a connection, and closes the one that must make room for it: the longest idle, or itself when all are busy.
    func opened(_ channel: any Channel) {
        let id = ObjectIdentifier(channel)
        let victim: (any Channel)? = state.withLock { state in
            var victim: (any Channel)?
            if state.entries.count >= limit {
                victim = state.removeLongestIdle()
                if victim == nil { return channel }
            }
            state.entries[id] = Entry(channel: channel, idleSince: nil)
            state.becameIdle(id)
            return victim
        }
        victim?.close(promise: nil)
    }

    func closed(_ channel: any Channel) {
        state.withLock { $0.entries.removeValue(forKey: ObjectIdentifier(channel)) }?.departure?.leave()
    }

    /// Who wants to know when the client of the request in work leaves; nil when it is answered.
    func serving(_ channel: any Channel, _ departure: Departure?) {
        state.withLock { $0.entries[ObjectIdentifier(channel)]?.departure = departure }
    }

    /// The client has closed its side: it does not wait for an answer any more.
    func left(_ channel: any Channel) {
        state.withLock { $0.entries[ObjectIdentifier(channel)]?.departure }?.leave()
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
        state.withLock { $0.becameIdle(ObjectIdentifier(channel)) }
    }
}
