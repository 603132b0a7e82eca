/// Statements in pipeline mode: https://www.postgresql.org/docs/15/libpq-pipeline-mode.html.
extension PostgresConnection {
    /// Sends all statements at once, each with a sync of its own: one that fails costs only itself. Returns when all are answered or
    /// the deadline is there, with what has arrived by then. Never connects.
    public func pipeline(_ statements: [Statement], by deadline: ContinuousClock.Instant) async -> PipelineResult {
        precondition(configuration.purpose != .console, "a console takes no pipeline: ask()")
        noticeLoss()
        switch machine.requested() {
        case .refuse(let ending): return PipelineResult(count: statements.count, refused: ending)
        case .send: break
        }
        var result = PipelineResult(count: statements.count, outcome: .late, ending: .complete)
        var places = Array(statements.indices)
        // Once, and once more for statements whose prepared form the server no longer has.
        for _ in 0..<2 {
            guard let exchange = send(statements, places, result) else {
                return lost(Exchange(expecting: [], result: result, sent: .now)).result
            }
            let done = await receive(exchange, by: deadline)
            result = done.result
            places = done.stale
            guard result.ending == .complete else { return result }
            // Within a transaction the failure has ended it: running the statement alone would be wrong.
            if places.isEmpty || handle?.isInTransaction != false { break }
            for place in places { result.outcomes[place] = .late }
        }
        _ = machine.answered()
        return result
    }

    /// The server's settings may have been rolled back.
    func forgetLimits() { limits = nil }

    private func send(_ statements: [Statement], _ places: [Int], _ result: PipelineResult) -> Exchange? {
        guard let handle else { return nil }
        var result = result
        var expected: [Exchange.Expectation] = []
        var planned = limits
        pendingNames = [:]
        var isSent = true
        func queue(_ sent: Bool, _ expectation: Exchange.Expectation) {
            isSent = isSent && sent
            expected.append(expectation)
        }
        if needsSetup {
            needsSetup = false
            // Compiling a catalogue query costs more than it saves, and memory that stays with the session. Times are read in the
            // form of ISO 8601, whatever the role or the database prefers.
            let sql = "SELECT \(Statement.marker) set_config('jit', 'off', false), set_config('DateStyle', 'ISO', false)"
            queue(handle.execute(sql, []), .setup)
            queue(handle.sync(), .sync)
        }
        for place in places {
            let statement = statements[place]
            guard !statement.text.hasNUL, !statement.parameters.contains(where: { $0?.utf8.contains(0) ?? false }) else {
                result.outcomes[place] = .failed(PostgresError(.unexpectedValue, "Postgres takes no NUL byte in a text"))
                continue
            }
            if planned != statement.limits {
                planned = statement.limits
                queueLimits(statement.limits, handle, &result, queue)
            }
            if statement.limits.isReadOnly {
                // What stands before the next sync is one transaction, so this ends with it
                // (https://www.postgresql.org/docs/15/protocol-flow.html#PROTOCOL-FLOW-PIPELINING).
                let sql = "SELECT \(Statement.marker) set_config('transaction_read_only', 'on', true)"
                queue(handle.execute(sql, []), .setup)
            }
            queueExecution(statement, place, handle, &result, queue)
            queue(handle.sync(), .sync)
        }
        result.roundTrips += 1
        return isSent ? Exchange(expecting: expected, result: result, sent: .now) : nil
    }

    /// Marked on every connection: one text for one entry of pg_stat_statements.
    private static let limitsText = StatementText(
        "SELECT \(Statement.marker) set_config('statement_timeout', $1, false), set_config('lock_timeout', $2, false)")

    private func queueLimits(
        _ limits: StatementLimits, _ handle: Handle, _ result: inout PipelineResult, _ queue: (Bool, Exchange.Expectation) -> Void
    ) {
        let sql = PostgresConnection.limitsText
        let values = ["\(wholeMilliseconds(limits.statement))", "\(wholeMilliseconds(limits.lock))"]
        let name = preparedName(sql, handle, queue)
        if let name {
            queue(handle.execute(prepared: name, values), .limits(limits))
        } else {
            queue(handle.execute(text(sql.sql), values), .limits(limits))
        }
        queue(handle.sync(), .sync)
        result.bytesSent += sql.sql.utf8.count
    }

    private func queueExecution(
        _ statement: Statement, _ place: Int, _ handle: Handle, _ result: inout PipelineResult,
        _ queue: (Bool, Exchange.Expectation) -> Void
    ) {
        result.bytesSent += statement.parameters.reduce(0) { $0 + ($1?.utf8.count ?? 0) }
        if statement.preparation == .prepared, let name = preparedName(statement.text, handle, queue) {
            queue(handle.execute(prepared: name, statement.parameters), .execute(place: place))
        } else {
            result.bytesSent += statement.sql.utf8.count
            queue(handle.execute(text(statement.sql), statement.parameters), .execute(place: place))
        }
    }

    private func text(_ sql: String) -> String {
        switch configuration.purpose {
        case .monitoring: sql.contains(Statement.marker) ? sql : Statement.marked(sql)
        case .application, .console: sql
        }
    }

    /// The name under which the server has `sql`, or will have it after what is queued here; nil when there are too many.
    private func preparedName(_ sql: StatementText, _ handle: Handle, _ queue: (Bool, Exchange.Expectation) -> Void) -> String? {
        if let name = names[sql] ?? pendingNames[sql] { return name }
        guard names.count + pendingNames.count < PostgresConnection.preparedMax else { return nil }
        nameCount += 1
        // With a salt: behind a pooler other processes share the server's session, and its names.
        let name = "vitals_\(String(nameSalt, radix: 36))_\(nameCount)"
        pendingNames[sql] = name
        queue(handle.prepare(name, text(sql.sql)), .prepare(sql: sql, name: name))
        return name
    }
}

/// A duration for a setting in milliseconds, rounded up: 0 would mean 'no limit'.
func wholeMilliseconds(_ duration: Duration) -> Int64 {
    let (seconds, attoseconds) = duration.components
    let whole = seconds.multipliedReportingOverflow(by: 1000)
    guard !whole.overflow, whole.partialValue < 86_400_000 else { return 86_400_000 }
    return max(1, whole.partialValue + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
}
