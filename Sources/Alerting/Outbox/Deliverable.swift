/// Something that waits for one receiver: the newest word about a subject. A later word about the same subject takes its place.
protocol Deliverable: Sendable {
    /// What the word is about.
    associatedtype Key: Hashable & Sendable
    /// What the receiver knows of a subject, as far as later words depend on it.
    associatedtype Told: Sendable, Equatable

    var key: Key { get }
    /// How many alerts it speaks of.
    var alertCount: Int { get }

    /// What is to wait, now that this is the newest word.
    ///
    /// - Parameters:
    ///   - waiting: the word before it that is not delivered, perhaps the one in flight.
    ///   - inFlight: the word that is being delivered right now.
    func standing(waiting: Self?, inFlight: Self?, told: Told?, now: Int64) -> Standing<Self>

    /// What the receiver knows after an attempt; nil when nothing needs to be remembered.
    func told(_ outcome: DeliveryOutcome, before: Told?, now: Int64) -> Told?

    /// Whether each word is a message that somebody reads, and goes alone. A failed one then goes behind the others, so that one the
    /// receiver chokes on does not hold the rest; and that it is on its way is written down first, so that after a crash in between
    /// its end is still told.
    static var goesAlone: Bool { get }

    static func put(_ item: Self, into writer: inout ByteWriter)
    static func item(_ reader: inout ByteReader) throws(ByteError) -> Self
    static func put(_ key: Key, into writer: inout ByteWriter)
    static func key(_ reader: inout ByteReader) throws(ByteError) -> Key
    static func put(_ told: Told, into writer: inout ByteWriter)
    static func told(_ reader: inout ByteReader) throws(ByteError) -> Told
}

/// What a new word makes of the place in the queue.
enum Standing<Item: Deliverable> {
    /// It waits, perhaps changed.
    case waits(Item)
    /// There is nothing that the receiver needs to hear.
    case isNotNeeded
    /// As `isNotNeeded`, and what the receiver knew is over without a word.
    case endsSilently
}

/// What became of one item of a batch.
enum DeliveryOutcome: Sendable {
    case delivered
    /// Will never be taken.
    case refused
    /// To be tried again.
    case failed(mayHaveArrived: Bool)
}

/// Bounds and delays of a receiver's queue.
struct OutboxLimits: Sendable {
    /// Prometheus' notification queue capacity. The oldest goes first.
    var capacity = 10_000
    /// Prometheus' and Alertmanager's batch.
    var batch = 256
    /// Milliseconds (cenkalti/backoff as Alertmanager uses it).
    var firstDelay: Int64 = 500
    var delayFactor = 1.5
    var delayMax: Int64 = 60_000

    /// Pages go one by one. There may be as many as alerts: each may be a group of its own.
    static var pages: OutboxLimits {
        var limits = OutboxLimits()
        limits.batch = 1
        return limits
    }
}
