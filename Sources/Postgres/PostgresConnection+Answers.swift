/// Reading answers, within a deadline or in the background.
extension PostgresConnection {
    func receive(_ start: Exchange, by deadline: ContinuousClock.Instant?) async -> Exchange {
        var exchange = start
        let mine = generation
        let began = ContinuousClock.now
        reading: while let handle {
            guard let isFlushed = handle.flush() else { return lost(exchange) }
            guard take(&exchange, handle) else { return lost(exchange) }
            if exchange.isComplete {
                if handle.isInFailedTransaction { limits = nil }
                return exchange
            }
            let outcome = await wait(handle.descriptor, for: isFlushed ? .read : [.read, .write], until: deadline)
            guard mine == generation, self.handle != nil else { break }
            switch outcome {
            case .ready:
                // A long answer comes in pieces of 8 kB, and being woken for each costs more than reading it: they gather for a moment.
                if let pause = PostgresConnection.pause(after: ContinuousClock.now - began) {
                    let until = ContinuousClock.now + pause
                    _ = await wait(nil, for: [], until: deadline.map { min($0, until) } ?? until)
                    guard mine == generation, self.handle != nil else { break reading }
                }
                guard handle.consume() else { return lost(exchange) }
            case .deadline, .cancelled, .woken, .stopped:
                guard outcome != .stopped, machine.deadlinePassed() == .continueInBackground else { return lost(exchange) }
                exchange.ended(.late)
                let rest = exchange
                background = Task { await self.drain(rest) }
                return exchange
            }
        }
        exchange.lost(PostgresConnection.closedMeanwhile)
        return exchange
    }

    /// A sixteenth of what the answer has taken so far, so that it comes hardly later; nil for short ones.
    static func pause(after spent: Duration) -> Duration? {
        spent < .milliseconds(5) ? nil : min(spent / 16, .milliseconds(2))
    }

    /// Takes every result that has arrived. False when they do not fit, or the connection is lost.
    private func take(_ exchange: inout Exchange, _ handle: Handle) -> Bool {
        var emptyInARow = 0
        while !exchange.isComplete, !handle.isWaiting {
            let answer = handle.next()
            if answer == nil {
                if handle.isBroken { return false }
                // libpq says 'nothing' between commands; again and again would be a fault of its or of ours.
                emptyInARow += 1
                if emptyInARow > 8 { return false }
            } else {
                emptyInARow = 0
            }
            switch exchange.received(answer, at: .now) {
            case .none?: break
            case .limitsAre(let limits)?: self.limits = limits
            case .prepared(let sql, let name)?: names[sql] = name
            case .forget?: names = [:]
            case nil: return false
            }
        }
        return !handle.isBroken
    }

    /// Reads and drops the late answers, ends a transaction that they left open, and makes the connection usable again.
    private func drain(_ rest: Exchange) async {
        let mine = generation
        _ = await receive(rest, by: nil)
        guard mine == generation, let handle, machine.state == .draining else { return }
        if handle.isInTransaction {
            // A console has no transactions: whatever this is, a new connection is without it.
            guard configuration.purpose != .console else { return end(PostgresError(.internal, "a console in a transaction")) }
            limits = nil
            let sql = "ROLLBACK \(Statement.marker)"
            guard handle.execute(sql, []), handle.sync() else { return end(refusal(handle)) }
            let result = PipelineResult(count: 1, outcome: .late, ending: .complete)
            _ = await receive(Exchange(expecting: [.execute(place: 0), .sync], result: result, sent: .now), by: nil)
            guard mine == generation, machine.state == .draining else { return }
        }
        _ = machine.answered()
    }
}
