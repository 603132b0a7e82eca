import Health
import MetricsModel

extension StatementQueryView {
    /// Reads `order`, `limit` and `target`.
    init(_ form: FormFields) throws(QueryFailure) {
        self.init()
        let parameters = APIParameters(form: form)
        let order = parameters["order"]
        if !order.isEmpty {
            guard let known = StatementOrderView(rawValue: order) else {
                let names = StatementOrderView.allCases.map(\.rawValue).joined(separator: ", ")
                throw parameters.invalid("order", "one of \(names) is wanted")
            }
            self.order = known
        }
        let limit = try parameters.limit()
        guard limit <= Self.limitMax else { throw parameters.invalid("limit", "at most \(Self.limitMax)") }
        if limit > 0 { self.limit = limit }
        target = parameters["target"].isEmpty ? nil : parameters["target"]
    }
}

/// `/api/postgres/statements`: the statements of the sampled servers, in the frame of Prometheus' API.
struct StatementsAPI: Sendable {
    let sources: WebSources

    @Sendable func statements(_ request: WebRequest) async throws -> WebResponse {
        guard let statements = sources.statements else { throw QueryFailure(.notFound, "no Postgres is sampled here") }
        let query = try StatementQueryView(request.query)
        let lists = await statements(query)
        if let target = query.target, lists.isEmpty {
            throw QueryFailure(.notFound, "no Postgres target is named \(quoted(target))")
        }
        return successResponse { json in
            json.object { json in
                json.member("order", query.order.rawValue)
                json.key("targets")
                json.array { json in
                    for list in lists { json.statements(list) }
                }
            }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func statements(_ list: StatementListView) {
        object { json in
            json.member("target", list.target)
            json.member("text", list.showsText)
            json.key("readAt")
            json.optional(list.readAt)
            json.key("statements")
            json.array { json in
                for entry in list.entries { json.statement(entry) }
            }
            guard list.showsText else { return }
            json.member("thresholdSeconds", list.thresholdSeconds)
            json.key("running")
            json.array { json in
                for running in list.running { json.running(running) }
            }
            if let error = list.runningError { json.member("runningError", error) }
        }
    }

    private mutating func statement(_ entry: StatementListView.Entry) {
        object { json in
            // As a string: JavaScript's numbers have 53 bits.
            json.member("queryid", "\(entry.queryID)")
            json.member("user", entry.user)
            json.member("datname", entry.database)
            json.key("calls")
            json.value(entry.calls)
            json.member("totalSeconds", entry.totalSeconds)
            json.member("meanSeconds", entry.meanSeconds)
            json.member("maxSeconds", entry.maxSeconds)
            json.key("rows")
            json.value(entry.rows)
            json.key("firstSeen")
            json.optional(entry.firstSeen)
            if let text = entry.text { json.member("query", text) }
        }
    }

    private mutating func running(_ running: StatementListView.Running) {
        object { json in
            json.member("pid", running.pid)
            json.member("user", running.user)
            json.member("datname", running.database)
            json.member("application", running.application)
            json.member("ageSeconds", running.ageSeconds)
            if let wait = running.wait { json.member("waitEvent", wait) }
            if let text = running.text { json.member("query", text) }
        }
    }

    private mutating func optional(_ value: Double?) {
        if let value { self.value(value) } else { null() }
    }
}
