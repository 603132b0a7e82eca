/// Simple queries, for consoles that know nothing else (https://www.pgbouncer.org/usage.html#admin-console).
extension PostgresConnection {
    /// Asks one command after the other and returns when all are answered or the deadline is there, with what has arrived by then. A
    /// command that fails costs only itself. Never connects.
    ///
    /// Each command is a round trip: libpq sends a simple query only when the one before is answered, and PgBouncer refuses two
    /// commands in one.
    public func ask(_ commands: [String], by deadline: ContinuousClock.Instant) async -> PipelineResult {
        precondition(configuration.purpose == .console, "a simple query in pipeline mode")
        noticeLoss()
        switch machine.requested() {
        case .refuse(let ending): return PipelineResult(count: commands.count, refused: ending)
        case .send: break
        }
        var result = PipelineResult(count: commands.count, outcome: .late, ending: .complete)
        for (place, command) in commands.enumerated() {
            guard !command.utf8.contains(0) else {
                result.outcomes[place] = .failed(PostgresError(.unexpectedValue, "Postgres takes no NUL byte in a text"))
                continue
            }
            let exchange = Exchange(expecting: [.execute(place: place)], result: result, sent: .now)
            guard let handle, handle.query(command) else { return lost(exchange).result }
            result = await receive(exchange, by: deadline).result
            result.roundTrips += 1
            result.bytesSent += command.utf8.count
            guard result.ending == .complete else { return result }
        }
        _ = machine.answered()
        return result
    }
}
