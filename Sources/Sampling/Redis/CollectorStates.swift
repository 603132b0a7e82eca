import Redis

/// What was last said about a target and its collectors: one line for each change, none for what stays.
struct CollectorStates {
    private let target: String
    private let log: LogLine
    /// Nil before the first sample.
    private var isUp: Bool?
    private var downCode: RedisError.Code?
    private var failing: [RedisCollector: RedisError.Code] = [:]

    init(target: String, log: @escaping LogLine) {
        self.target = target
        self.log = log
    }

    mutating func up() {
        if isUp != true { log(.info, isUp == nil ? "redis \(target): connected" : "redis \(target): answers again") }
        isUp = true
        downCode = nil
    }

    mutating func down(_ error: RedisError) {
        // A connection that breaks and then is refused is one state: away.
        let code: RedisError.Code = error.code == .closed ? .unreachable : error.code
        if isUp != false || downCode != code { log(.error, "redis \(target): \(error.message)") }
        isUp = false
        downCode = code
    }

    mutating func note(_ collector: RedisCollector, _ error: RedisError?) {
        let before = failing[collector]
        failing[collector] = error?.code
        guard let error else {
            if before != nil { log(.info, "redis \(target): collector \(collector.rawValue) works again") }
            return
        }
        if before != error.code { log(.warning, "redis \(target): collector \(collector.rawValue) failed: \(error.message)") }
    }
}
