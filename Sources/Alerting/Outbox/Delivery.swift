/// What came of one batch.
struct Delivery<Item: Deliverable>: Sendable {
    /// Delivers all of a batch or throws.
    typealias Send = @Sendable ([Item]) async throws(NotifyError) -> Void

    private(set) var outcomes: [(Item, DeliveryOutcome)] = []
    private(set) var delivered = 0
    private(set) var refused = 0
    private(set) var retryable = 0
    private(set) var failures: [NotifyError.Reason: Int] = [:]
    private(set) var firstError: NotifyError?
    private(set) var retryAfter: Int64?

    /// Delivers a batch. One that is refused for its content is halved, and its halves again, until the items at fault stand
    /// alone: they must not hold the others.
    static func deliver(_ batch: [Item], by send: Send) async -> Delivery {
        var delivery = Delivery()
        var parts = [batch]
        while let part = parts.popLast() {
            do {
                try await send(part)
                delivery.delivered += part.count
                delivery.outcomes += part.map { ($0, .delivered) }
            } catch {
                if error.reason == .clientError, !error.isRetryable, part.count > 1 {
                    let middle = part.count / 2
                    parts.append(Array(part[middle...]))
                    parts.append(Array(part[..<middle]))
                } else {
                    delivery.take(error, part)
                    // The others would fare no better; they are tried again together.
                    if error.isRetryable {
                        for rest in parts { delivery.take(error, rest) }
                        parts = []
                    }
                }
            }
        }
        return delivery
    }

    private mutating func take(_ error: NotifyError, _ part: [Item]) {
        firstError = firstError ?? error
        failures[error.reason, default: 0] += part.count
        if error.isRetryable {
            retryable += part.count
            retryAfter = error.retryAfter ?? retryAfter
            outcomes += part.map { ($0, .failed(mayHaveArrived: error.mayHaveArrived)) }
        } else {
            refused += part.count
            outcomes += part.map { ($0, .refused) }
        }
    }
}
