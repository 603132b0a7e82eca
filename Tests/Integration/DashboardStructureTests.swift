import MetricsModel
import PromQL
import Testing

@Suite("Dashboards")
struct DashboardStructureTests {
    private static let source = Dashboard.Source(type: "prometheus", uid: "${datasource}")

    /// The panels that the documents name.
    private static let documented: [String: [String]] = [
        "overview": [
            "Request rate", "Error rate", "Latency", "Active users", "System health status", "Recent alerts",
        ],
        "database": [
            "Query latency by type", "Connection pool utilisation", "Slow queries (over 100 ms)", "Transaction rollback rate",
            "Database size", "Largest tables", "Connections by state",
        ],
        "postgres": [
            "Longest wait for a lock", "What processes wait for", "Open transactions by age",
            "Lag of standbys, seen by the primary",
            "Age of the data, seen by the standby", "Transaction numbers by database", "Unused indexes", "Bloated tables",
            "Sequences near their end", "Commands in progress",
        ],
        "pgbouncer": [
            "Clients waiting", "Longest wait", "Pool use", "Server connections by state", "Transactions", "Mean times",
        ],
        "authentication": [
            "Login attempts", "Account lockouts", "Token validation rate", "Rate-limit violations",
        ],
        "cache": ["Hits and misses", "Hit rate", "Eviction rate", "Memory usage", "Operation latency", "Queue depth"],
    ]

    @Test("A dashboard says who it is, cannot be edited by accident and leads to the others", arguments: DashboardFiles.names)
    func identity(name: String) throws {
        let board = try DashboardFiles.read(name)
        #expect(board.uid == "vitals-\(name)")
        #expect(board.title.hasPrefix("Vitals / "))
        #expect(!board.description.isEmpty)
        #expect(board.tags.contains("vitals"))
        #expect(!board.editable)
        #expect((39...42).contains(board.schemaVersion))
        let link = try #require(board.links.first)
        #expect(link.type == "dashboards" && link.tags == ["vitals"] && link.includeVars && link.keepTime)
    }

    @Test("Nothing waits to be filled in by an import that file provisioning never does", arguments: DashboardFiles.names)
    func noInputs(name: String) throws {
        let text = try DashboardFiles.text(of: name)
        for word in ["__inputs", "__requires", "${DS_"] { #expect(!text.contains(word), "\(word)") }
    }

    @Test("Panels have numbers of their own and lie beside each other on 24 columns", arguments: DashboardFiles.names)
    func layout(name: String) throws {
        let panels = try DashboardFiles.read(name).panels
        #expect(Set(panels.map(\.id)).count == panels.count)
        var taken: [Int: Set<Int>] = [:]
        for panel in panels {
            let place = panel.gridPos
            #expect(place.x >= 0 && place.w > 0 && place.h > 0 && place.x + place.w <= 24, "\(panel.title)")
            for row in place.y..<(place.y + place.h) {
                let columns = Set(place.x..<(place.x + place.w))
                #expect(taken[row, default: []].isDisjoint(with: columns), "\(panel.title) lies on another")
                taken[row, default: []].formUnion(columns)
            }
        }
    }

    @Test("Every documented panel is there", arguments: DashboardFiles.names)
    func documentedPanels(name: String) throws {
        let titles = Set(try DashboardFiles.read(name).panels.map(\.title))
        for title in try #require(Self.documented[name]) { #expect(titles.contains(title), "\(title)") }
    }

    @Test("Every panel has a title of its own, a description, a unit and thresholds from a base", arguments: DashboardFiles.names)
    func panels(name: String) throws {
        let panels = try DashboardFiles.read(name).panels.filter { !$0.isRow }
        #expect(Set(panels.map(\.title)).count == panels.count)
        for panel in panels {
            #expect(!panel.title.isEmpty)
            #expect(panel.description?.isEmpty == false, "\(panel.title)")
            #expect(panel.targets?.isEmpty == false, "\(panel.title)")
            let field = try #require(panel.fieldConfig?.defaults, "\(panel.title)")
            #expect(Self.units.contains(field.unit), "\(panel.title): \(field.unit)")
            #expect(field.thresholds.steps.first.map { $0.value == nil } == true, "\(panel.title)")
            // 80 is what Grafana leaves there when nobody has thought about it.
            #expect(!field.thresholds.steps.contains { $0.value == 80 }, "\(panel.title)")
            if panel.type == "stat" || panel.type == "gauge" || panel.type == "table" {
                #expect(field.noValue?.isEmpty == false, "\(panel.title)")
            }
        }
    }

    private static let units: Set<String> = ["s", "bytes", "Bps", "percentunit", "reqps", "ops", "cps", "short", "none"]

    @Test("Every query, variable and annotation goes to the data source that was chosen", arguments: DashboardFiles.names)
    func dataSource(name: String) throws {
        let board = try DashboardFiles.read(name)
        for panel in board.panels where !panel.isRow {
            #expect(panel.datasource == Self.source, "\(panel.title)")
            for target in panel.targets ?? [] { #expect(target.datasource == Self.source, "\(panel.title)") }
        }
        for annotation in board.annotations.list where annotation.expr != nil {
            #expect(annotation.datasource == Self.source, "\(annotation.name)")
        }
        for variable in board.templating.list where variable.type == "query" {
            #expect(variable.datasource == Self.source, "\(variable.name)")
        }
    }

    @Test("The variables are data source, job and instance, then the dashboard's own", arguments: DashboardFiles.names)
    func variables(name: String) throws {
        let variables = try DashboardFiles.read(name).templating.list
        #expect(variables.prefix(3).map(\.name) == ["datasource", "job", "instance"])
        #expect(variables.prefix(3).map(\.label) == ["Data source", "Job", "Instance"])
        #expect(variables.first?.type == "datasource")
        for variable in variables.dropFirst() {
            #expect(variable.type == "query" && variable.query.hasPrefix("label_values("), "\(variable.name)")
            #expect(variable.refresh == 2, "\(variable.name) must follow the chosen time")
            #expect(variable.multi == true && variable.includeAll == true && variable.allValue != nil, "\(variable.name)")
        }
    }

    @Test("Every expression parses once its variables are chosen, and no variable is left")
    func parses() throws {
        for query in try DashboardFiles.expressions() {
            #expect(throws: Never.self, "\(query)") { try PromQLExpression(query.asked()) }
            #expect(!query.asked().contains("$"), "\(query)")
        }
        for name in DashboardFiles.names {
            for annotation in try DashboardFiles.read(name).annotations.list {
                guard let text = annotation.expr else { continue }
                #expect(throws: Never.self, "\(annotation.name)") { try PromQLExpression(GrafanaVariables.substituted(text)) }
            }
        }
    }

    @Test("Every selector follows the job and instance variables")
    func jobAndInstance() throws {
        for query in try DashboardFiles.expressions() {
            for use in MetricUse.all(in: try PromQLExpression(GrafanaVariables.intervals(query.expression))) {
                #expect(use.has("job", .regex, "$job") && use.has("instance", .regex, "$instance"), "\(query)")
            }
        }
    }

    @Test("Rates are taken over the interval that Grafana works out, totals over the chosen time")
    func windows() throws {
        for query in try DashboardFiles.expressions() {
            for window in query.expression.split(separator: "[").dropFirst().compactMap({ $0.split(separator: "]").first }) {
                #expect(window == "$__rate_interval" || window == "$__range", "\(query)")
            }
            #expect(!query.expression.contains("irate("), "\(query)")
        }
    }

    @Test("A counter is only seen as a rate or an increase")
    func counters() throws {
        // The documents' names of two gauges end in _total; the catalogue keeps the names and says that they go down too.
        let gauges: Set<String> = ["users_active_total", "api_keys_active_total"]
        for query in try DashboardFiles.expressions() {
            for use in MetricUse.all(in: try PromQLExpression(query.asked())) where use.name.hasSuffix("_total") {
                #expect(use.isRated || gauges.contains(use.name), "\(query)")
            }
        }
    }

    @Test("A panel's unit agrees with the names of its metrics")
    func units() throws {
        for name in DashboardFiles.names {
            for panel in try DashboardFiles.read(name).panels where panel.type != "table" {
                // A panel with overrides may show two units.
                guard let field = panel.fieldConfig, field.overrides.isEmpty else { continue }
                for target in panel.targets ?? [] where !target.expr.contains("/") {
                    for use in MetricUse.all(in: try PromQLExpression(GrafanaVariables.substituted(target.expr))) {
                        guard let unit = Self.unit(of: use) else { continue }
                        #expect(field.defaults.unit == unit, "\(panel.title): \(target.expr)")
                    }
                }
            }
        }
    }

    private static func unit(of use: MetricUse) -> String? {
        if use.around.contains("histogram_quantile") { return "s" }
        if use.isRated { return use.name.hasSuffix("_bytes") || use.name.hasSuffix("_bytes_total") ? "Bps" : nil }
        if use.name.hasSuffix("_bytes") { return "bytes" }
        return use.name.hasSuffix("_seconds") ? "s" : nil
    }
}
