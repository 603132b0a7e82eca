import Health

extension Pages {
    /// `/statements`: what takes the databases' time, and what runs now.
    @Sendable func statements(_ request: WebRequest) async throws(WebError) -> WebResponse {
        guard let statements = sources.statements else { throw WebError(.notFound, "no Postgres is sampled here") }
        let query: StatementQueryView
        do throws(QueryFailure) {
            query = try StatementQueryView(request.query)
        } catch {
            throw WebError(.validation, error.message)
        }
        let lists = await statements(query)
        return HTML.page(title: "Statements") { html in
            html.markup("<h1>Statements</h1>")
            orders(query, &html)
            if lists.isEmpty { html.markup("<p>No Postgres target of this name.</p>\n") }
            for list in lists {
                html.markup("<h2>")
                html.text(list.target)
                html.markup("</h2>\n")
                if !list.showsText {
                    html.markup(
                        "<p>Texts are off. <code>statements: {text: on}</code> in the configuration file shows them without ")
                    html.markup("their literals, and the queries that run now.</p>\n")
                }
                if list.showsText { running(list, &html) }
                table(list, &html)
            }
        }
    }

    private func orders(_ query: StatementQueryView, _ html: inout HTML) {
        html.markup("<p>The first by ")
        for order in StatementOrderView.allCases {
            let name =
                switch order {
                case .total: "total time"
                case .mean: "mean time"
                case .calls: "calls"
                }
            if order != .total { html.markup(", ") }
            if order == query.order {
                html.markup("<b>")
                html.text(name)
                html.markup("</b>")
                continue
            }
            html.markup("<a href=\"/statements?order=")
            html.path(order.rawValue)
            html.markup("&amp;limit=")
            html.path("\(query.limit)")
            if let target = query.target {
                html.markup("&amp;target=")
                html.path(target)
            }
            html.markup("\">")
            html.text(name)
            html.markup("</a>")
        }
        html.markup("; since each statement's statistics began.</p>\n")
    }

    private func table(_ list: StatementListView, _ html: inout HTML) {
        guard list.readAt != nil else {
            return html.markup(
                "<p>No statistics: the extension <code>pg_stat_statements</code> is not there, or not read yet.</p>\n")
        }
        html.markup("<table><tr><th>Calls</th><th>Total</th><th>Mean</th><th>Longest</th><th>Rows</th><th>User</th>")
        html.markup("<th>Database</th><th>First seen</th><th>Statement</th></tr>\n")
        for entry in list.entries {
            html.markup("<tr>")
            html.cell("\(entry.calls)")
            html.cell(spanText(entry.totalSeconds))
            html.cell(spanText(entry.meanSeconds))
            html.cell(spanText(entry.maxSeconds))
            html.cell("\(entry.rows)")
            html.cell(entry.user)
            html.cell(entry.database)
            html.cell(entry.firstSeen.map { isoTimestamp(Int64($0 * 1000)) } ?? "before Vitals looked")
            html.markup("<td><code>")
            html.text(entry.text ?? "")
            html.markup("</code> <span class=\"dim\">")
            html.text("\(entry.queryID)")
            html.markup("</span></td></tr>\n")
        }
        html.markup("</table>\n")
    }

    private func running(_ list: StatementListView, _ html: inout HTML) {
        html.markup("<h3>Running for longer than ")
        html.text(spanText(list.thresholdSeconds))
        html.markup("</h3>\n")
        if let error = list.runningError {
            html.markup("<p class=\"err\">")
            html.text(error)
            return html.markup("</p>\n")
        }
        guard !list.running.isEmpty else { return html.markup("<p>None.</p>\n") }
        html.markup("<table><tr><th>Process</th><th>Age</th><th>Waits for</th><th>User</th><th>Database</th>")
        html.markup("<th>Application</th><th>Statement</th></tr>\n")
        for running in list.running {
            html.markup("<tr>")
            html.cell("\(running.pid)")
            html.cell(spanText(running.ageSeconds))
            html.cell(running.wait ?? "")
            html.cell(running.user)
            html.cell(running.database)
            html.cell(running.application)
            html.markup("<td><code>")
            html.text(running.text ?? "")
            html.markup("</code></td></tr>\n")
        }
        html.markup("</table>\n")
    }
}

/// Three digits of a number of seconds, with a unit that suits it.
func spanText(_ seconds: Double) -> String {
    func digits(_ value: Double, _ unit: String) -> String {
        let places: Double = value < 10 ? 100 : value < 100 ? 10 : 1
        return "\(GoNumber.plain((value * places).rounded() / places)) \(unit)"
    }
    switch seconds {
    case ..<0.001: return digits(max(0, seconds) * 1e6, "µs")
    case ..<1: return digits(seconds * 1e3, "ms")
    case ..<600: return digits(seconds, "s")
    case ..<36_000: return digits(seconds / 60, "min")
    default: return digits(seconds / 3_600, "h")
    }
}
