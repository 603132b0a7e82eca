import Health

/// The pages for people: no script, nothing from elsewhere.
struct Pages: Sendable {
    let sources: WebSources
    let telemetryPath: String

    /// `/`: where everything is, and what is being watched.
    @Sendable func landing(_ request: WebRequest) async throws(WebError) -> WebResponse {
        let targets = await sources.targets?() ?? []
        let report = sources.health.report
        let build = sources.build
        return HTML.page(title: "Vitals") { html in
            html.markup("<h1>Vitals</h1><p>Version ")
            html.text([build.version, build.revision].filter { !$0.isEmpty }.joined(separator: ", "))
            html.markup(". Health: <span class=\"")
            html.text(report.status.rawValue)
            html.markup("\">")
            html.text(report.status.rawValue)
            html.markup("</span></p>\n<h2>Targets</h2>")
            targetTable(targets, &html)
            html.markup("<h2>Components</h2>")
            componentTable(report, &html)
            html.markup("<h2>Pages</h2><ul><li><a href=\"")
            html.text(telemetryPath)
            html.markup("\">Metrics</a></li>")
            html.markup("<li><a href=\"/alerts\">Alerts and rules</a></li>")
            if sources.queries != nil { html.markup("<li><a href=\"/graph\">Graph</a></li>") }
            if sources.statements != nil { html.markup("<li><a href=\"/statements\">Statements</a></li>") }
            if sources.notifications != nil { html.markup("<li><a href=\"/receivers\">Receivers and mutes</a></li>") }
            if sources.dashboard != nil { dashboardLinks(&html) }
            html.markup("<li><a href=\"/api/health\">Health as JSON</a>, ")
            html.markup(
                "<a href=\"/health\">services</a>, <a href=\"/health/live\">live</a>, <a href=\"/health/ready\">ready</a></li>")
            html.markup("<li><a href=\"/api/v1/rules\">Rules</a>, <a href=\"/api/v1/alerts\">alerts</a>, ")
            html.markup("<a href=\"/api/v1/status/buildinfo\">build</a> as JSON</li></ul>\n")
        }
    }

    /// `/runbooks/ALERT`: the runbook's Markdown as a page.
    @Sendable func runbook(_ request: WebRequest) async throws(WebError) -> WebResponse {
        let name = request.parameters["alert"] ?? ""
        guard Self.isName(name), let text = await sources.runbook?(name) else {
            throw WebError(.notFound, "there is no runbook of this name")
        }
        return HTML.page(title: "\(name) runbook") { html in Markdown.render(text, into: &html) }
    }

    /// `/dashboards/NAME` and `/dashboards/NAME.json`: a shipped dashboard as Grafana imports it.
    @Sendable func dashboard(_ request: WebRequest) async throws(WebError) -> WebResponse {
        var name = request.parameters["name"] ?? ""
        if name.hasSuffix(".json") { name.removeLast(5) }
        guard Self.isName(name), let json = await sources.dashboard?(name) else {
            throw WebError(.notFound, "there is no dashboard of this name")
        }
        return .json(Array(json.utf8))
    }

    static let style: WebResponse = {
        var response = WebResponse(contentType: "text/css; charset=utf-8", body: stylesheet.utf8)
        response.headers = [("Cache-Control", "max-age=3600")]
        return response
    }()

    /// The name may become a file's: no separators, no dots.
    private static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 200 && name.utf8.allSatisfy(isNameByte)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private func dashboardLinks(_ html: inout HTML) {
        html.markup("<li>Dashboards for Grafana:")
        for name in ["overview", "database", "postgres", "pgbouncer", "authentication", "cache"] {
            html.markup(" <a href=\"/dashboards/")
            html.path(name)
            html.markup("\">")
            html.text(name)
            html.markup("</a>")
        }
        html.markup("</li>")
    }

    private func targetTable(_ targets: [TargetView], _ html: inout HTML) {
        guard !targets.isEmpty else { return html.markup("<p>None.</p>") }
        html.markup("<table><tr><th>Job</th><th>Instance</th><th>State</th><th>Last sample</th><th>Error</th></tr>\n")
        for target in targets {
            html.row([target.job, target.instance], state: target.isUp ? ("up", "healthy") : ("down", "unhealthy"))
            html.cell(target.lastSample.map(isoTimestamp) ?? "never")
            html.cell(target.error ?? "")
            html.markup("</tr>\n")
        }
        html.markup("</table>")
    }

    private func componentTable(_ report: HealthReport, _ html: inout HTML) {
        html.markup("<table><tr><th>Component</th><th>State</th><th>Check</th><th>Message</th></tr>\n")
        for component in report.components {
            html.row([component.name], state: (component.status.rawValue, component.status.rawValue))
            html.cell("\(component.latencyMilliseconds) ms")
            html.cell(component.state.message ?? "")
            html.markup("</tr>\n")
        }
        html.markup("</table>")
    }
}

extension HTML {
    mutating func cell(_ text: String) {
        markup("<td>")
        self.text(text)
        markup("</td>")
    }

    /// Begins a row with cells and a coloured state.
    mutating func row(_ cells: [String], state: (text: String, kind: String)) {
        markup("<tr>")
        for text in cells { cell(text) }
        markup("<td class=\"")
        text(state.kind)
        markup("\">")
        text(state.text)
        markup("</td>")
    }
}

private let stylesheet = """
    :root{color-scheme:light dark;--line:#8884;--ok:#1a7f37;--warn:#9a6700;--bad:#cf222e}
    @media(prefers-color-scheme:dark){:root{--ok:#3fb950;--warn:#d29922;--bad:#f85149}}
    body{font:15px/1.5 system-ui,sans-serif;max-width:75rem;margin:0 auto;padding:0 1rem 3rem}
    nav{padding:.75rem 0;border-bottom:1px solid var(--line)}nav a{margin-right:1rem}
    table{border-collapse:collapse;width:100%;margin:.5rem 0 1rem}
    th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid var(--line);overflow-wrap:break-word}
    th{white-space:nowrap}td code,td.labels,td.err{overflow-wrap:anywhere}
    code,pre{font:13px/1.45 ui-monospace,monospace}pre{padding:.6rem;border:1px solid var(--line);overflow:auto;white-space:pre-wrap}
    .healthy,.ok,.inactive{color:var(--ok)}.degraded,.pending,.unknown{color:var(--warn)}.unhealthy,.firing,.err{color:var(--bad)}
    textarea{width:100%;box-sizing:border-box;font:13px/1.45 ui-monospace,monospace}form{margin:0 0 1rem}td pre{border:0;padding:0;margin:0}
    .graph{width:100%}.graph path{fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round}.graph text{font-size:13px;fill:currentColor;opacity:.7}
    .line0{color:#4477aa}.line1{color:#ee6677}.line2{color:#228833}.line3{color:#ccbb44}.line4{color:#66ccee}
    .line5{color:#aa3377}.line6{color:#bbbbbb}.line7{color:#ee7733}.line8{color:#009988}.line9{color:#bb5566}
    .counts span{margin-right:1.25rem;font-weight:600}.labels{font:12px/1.5 ui-monospace,monospace}.dim{opacity:.7}

    """
