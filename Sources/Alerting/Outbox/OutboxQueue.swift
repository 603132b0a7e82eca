/// What waits for one receiver: a state machine without I/O. Of every subject only the newest word waits, in the place of the
/// oldest: a receiver that was away hears how things are, in the order in which they began.
struct OutboxQueue<Item: Deliverable>: Sendable {
    /// What a change did, in the words of the journal.
    enum Change: Sendable {
        case queued(Item)
        /// The waiting word about a subject is gone: delivered, refused, dropped or taken back.
        case removed(Item.Key)
        /// The newest that the receiver has, or may have, heard of a subject.
        case told(Item.Key, Item.Told)
        case forgotten(Item.Key)
    }

    private struct Waiting {
        var item: Item
        var order: UInt64
        /// Whether the item is in the batch that is under way.
        var isInFlight = false
    }

    let limits: OutboxLimits
    private var waiting: [Item.Key: Waiting] = [:]
    /// Subjects by the order in which their first word came.
    private var order: [UInt64: Item.Key] = [:]
    private var firstOrder: UInt64 = 0
    private var nextOrder: UInt64 = 0
    /// What the receiver has heard, with the order of the telling.
    private var told: [Item.Key: (told: Item.Told, order: UInt64)] = [:]
    private var nextTold: UInt64 = 0
    private var inFlight: [Item.Key: Item] = [:]
    private(set) var failuresInARow = 0
    /// Not before this instant; milliseconds since the epoch.
    private(set) var nextAttemptAt: Int64 = .min

    init(limits: OutboxLimits = OutboxLimits()) {
        self.limits = limits
    }

    /// The number of subjects that wait, those under way included.
    var count: Int { waiting.count }

    /// The subjects that wait. O(n).
    var keys: Set<Item.Key> { Set(waiting.keys) }

    /// Takes the newest words.
    ///
    /// - Returns: the changes, and how many items were dropped because the queue is full.
    mutating func enqueue(_ items: [Item], now: Int64) -> (changes: [Change], dropped: Int) {
        var changes: [Change] = []
        for item in items {
            let before = waiting[item.key]
            switch item.standing(waiting: before?.item, inFlight: inFlight[item.key], told: told[item.key]?.told, now: now) {
            case .waits(let next): changes.append(place(next))
            case .isNotNeeded: if before != nil { changes.append(remove(item.key)) }
            case .endsSilently:
                if before != nil { changes.append(remove(item.key)) }
                changes += forget(item.key)
            }
        }
        var dropped = 0
        while waiting.count > limits.capacity, let oldest = oldestAtRest() {
            changes.append(remove(oldest))
            dropped += 1
        }
        return (changes, dropped)
    }

    /// The next batch, oldest first; empty while one is under way, nothing waits, or it is too early.
    mutating func takeBatch(now: Int64) -> [Item] {
        guard inFlight.isEmpty, now >= nextAttemptAt else { return [] }
        var batch: [Item] = []
        var place = firstOrder
        while place < nextOrder, batch.count < limits.batch {
            if let key = order[place], let entry = waiting[key] {
                batch.append(entry.item)
                waiting[key]?.isInFlight = true
                inFlight[key] = entry.item
            } else if place == firstOrder {
                firstOrder += 1
            }
            place += 1
        }
        return batch
    }

    /// What the journal must say before the batch that was taken is sent: that the receiver may have heard of it.
    var beginning: [Change] {
        guard Item.goesAlone else { return [] }
        return inFlight.values.compactMap { item in
            let known = told[item.key]?.told
            guard let marked = Self.marked(item, known), marked != known else { return nil }
            return .told(item.key, marked)
        }
    }

    /// When the next batch may be taken; nil when nothing waits or one is under way.
    var nextBatchAt: Int64? {
        inFlight.isEmpty && !waiting.isEmpty ? nextAttemptAt : nil
    }

    /// Ends the attempt that is under way.
    ///
    /// - Parameters:
    ///   - outcomes: of every item of the batch.
    ///   - retryAfter: what the receiver asked for, in milliseconds.
    ///   - jitter: 0…1; spreads the attempts of many senders over half to one and a half of the delay.
    mutating func finish(
        _ outcomes: [(Item, DeliveryOutcome)], now: Int64, retryAfter: Int64?, jitter: Double
    ) -> [Change] {
        var changes: [Change] = []
        var hasFailed = false
        for (item, outcome) in outcomes {
            let key = item.key
            inFlight[key] = nil
            let known = told[key]?.told
            let news = tell(key, item.told(outcome, before: known, now: now))
            if news.isEmpty, Item.goesAlone, Self.marked(item, known) != known {
                // Takes back the mark of the beginning.
                changes.append(known.map { .told(key, $0) } ?? .forgotten(key))
            }
            changes += news
            switch outcome {
            case .delivered, .refused:
                if waiting[key]?.isInFlight == true { changes.append(remove(key)) }
            case .failed:
                hasFailed = true
                waiting[key]?.isInFlight = false
                if Item.goesAlone { stepBack(key) }
            }
            changes += reconsider(key, now: now)
        }
        if hasFailed {
            failuresInARow += 1
            let exponent = Double(min(failuresInARow - 1, 32))
            let delay = min(Double(limits.firstDelay) * power(limits.delayFactor, exponent), Double(limits.delayMax))
            let spread = min(delay * (0.5 + jitter), Double(limits.delayMax))
            nextAttemptAt = now + max(Int64(spread), min(retryAfter ?? 0, Self.retryAfterMax))
        } else {
            failuresInARow = 0
            nextAttemptAt = .min
        }
        return changes
    }

    /// Lets the next attempt be made at once: the process is about to end.
    mutating func hurry() {
        nextAttemptAt = .min
    }

    /// Takes a change of the journal; for reading it back.
    mutating func replay(_ change: Change) {
        switch change {
        case .queued(let item): _ = place(item)
        case .removed(let key): _ = remove(key)
        case .told(let key, let known): _ = tell(key, known)
        case .forgotten(let key): told[key] = nil
        }
    }

    /// The fewest changes that lead to this state. What is under way counts as perhaps heard.
    var journal: [Change] {
        told.sorted { $0.value.order < $1.value.order }.map { .told($0.key, $0.value.told) } + beginning
            + waiting.values.sorted { $0.order < $1.order }.map { .queued($0.item) }
    }

    /// A receiver may ask for an hour, not for ever.
    private static var retryAfterMax: Int64 { 3_600_000 }

    private static func marked(_ item: Item, _ known: Item.Told?) -> Item.Told? {
        item.told(.failed(mayHaveArrived: true), before: known, now: 0)
    }

    private mutating func place(_ item: Item) -> Change {
        if waiting[item.key] != nil {
            waiting[item.key]?.item = item
            waiting[item.key]?.isInFlight = false
        } else {
            waiting[item.key] = Waiting(item: item, order: nextOrder)
            order[nextOrder] = item.key
            nextOrder += 1
        }
        return .queued(item)
    }

    /// An attempt has changed what the receiver knows: the word that came meanwhile may need another form, or none.
    private mutating func reconsider(_ key: Item.Key, now: Int64) -> [Change] {
        guard let entry = waiting[key], !entry.isInFlight else { return [] }
        switch entry.item.standing(waiting: nil, inFlight: nil, told: told[key]?.told, now: now) {
        case .waits(let item):
            guard item.alertCount != entry.item.alertCount else { return [] }
            return [place(item)]
        case .isNotNeeded: return [remove(key)]
        case .endsSilently: return [remove(key)] + forget(key)
        }
    }

    private mutating func tell(_ key: Item.Key, _ known: Item.Told?) -> [Change] {
        guard let known else { return forget(key) }
        guard told[key]?.told != known else { return [] }
        told[key] = (known, nextTold)
        nextTold += 1
        var changes: [Change] = [.told(key, known)]
        // The ends of alerts of removed rules never come; the oldest are forgotten.
        if told.count > 2 * limits.capacity, let oldest = told.min(by: { $0.value.order < $1.value.order })?.key {
            changes += forget(oldest)
        }
        return changes
    }

    private mutating func forget(_ key: Item.Key) -> [Change] {
        told.removeValue(forKey: key) == nil ? [] : [.forgotten(key)]
    }

    private mutating func remove(_ key: Item.Key) -> Change {
        if let entry = waiting.removeValue(forKey: key) { order[entry.order] = nil }
        return .removed(key)
    }

    private mutating func stepBack(_ key: Item.Key) {
        guard let entry = waiting[key] else { return }
        order[entry.order] = nil
        waiting[key]?.order = nextOrder
        order[nextOrder] = key
        nextOrder += 1
    }

    private mutating func oldestAtRest() -> Item.Key? {
        var place = firstOrder
        while place < nextOrder {
            if let key = order[place], waiting[key]?.isInFlight == false { return key }
            place += 1
        }
        return nil
    }

    private func power(_ base: Double, _ exponent: Double) -> Double {
        (0..<Int(exponent)).reduce(1) { value, _ in value * base }
    }
}

extension OutboxQueue.Change: Equatable where Item: Equatable {}
