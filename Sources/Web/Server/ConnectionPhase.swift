/// Where a connection stands between its requests, and how long it may stand there. Requests may be pipelined.
struct ConnectionPhase {
    enum Phase: Equatable {
        /// Nothing has come yet: TLS handshake and first head.
        case opening
        /// All requests are answered.
        case idle
        case receiving
        case responding
        /// Our side is closed; the client may still take what was written.
        case closing
    }

    private(set) var phase = Phase.opening
    private var inFlight = 0
    private var isReceiving = false

    mutating func headArrived() {
        inFlight += 1
        isReceiving = true
        settle()
    }

    mutating func requestEnded() {
        isReceiving = false
        settle()
    }

    mutating func responseEnded() {
        inFlight = max(0, inFlight - 1)
        settle()
    }

    mutating func outputClosed() {
        phase = .closing
    }

    private mutating func settle() {
        guard phase != .closing else { return }
        phase = inFlight == 0 ? .idle : isReceiving ? .receiving : .responding
    }
}
