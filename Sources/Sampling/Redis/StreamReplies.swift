import Redis

/// The ID of a stream's entry: milliseconds and a sequence number.
struct StreamID: Comparable, CustomStringConvertible {
    let milliseconds: Int64
    let sequence: UInt64

    init?(_ text: String) {
        let parts = text.split(separator: "-")
        guard parts.count == 2, let milliseconds = Int64(parts[0]), let sequence = UInt64(parts[1]) else { return nil }
        self.milliseconds = milliseconds
        self.sequence = sequence
    }

    var description: String { "\(milliseconds)-\(sequence)" }

    static func < (a: StreamID, b: StreamID) -> Bool {
        (a.milliseconds, a.sequence) < (b.milliseconds, b.sequence)
    }
}

/// One group of XINFO GROUPS, its fields found by name.
struct StreamGroup {
    let name: String
    let consumers: Int64?
    let pending: Int64?
    /// Nil when Redis does not know (after XDEL, or a start in the middle), and before Redis 7.
    let lag: Int64?
    let lastDelivered: StreamID?

    init?(_ reply: RedisReply) {
        guard let pairs = reply.array else { return nil }
        var fields: [String: RedisReply] = [:]
        for place in stride(from: 0, to: pairs.count - 1, by: 2) {
            if let name = pairs[place].text { fields[name] = pairs[place + 1] }
        }
        guard let name = fields["name"]?.text else { return nil }
        self.name = name
        consumers = fields["consumers"]?.integer
        pending = fields["pending"]?.integer
        lag = fields["lag"]?.integer
        lastDelivered = fields["last-delivered-id"]?.text.flatMap { StreamID($0) }
    }
}
