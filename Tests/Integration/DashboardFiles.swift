import FoundationEssentials

/// One query of a panel, as a live test asks it.
struct DashboardExpression: CustomStringConvertible {
    /// The file's name without `.json`.
    let dashboard: String
    let panel: String
    /// With Grafana's variables in it.
    let expression: String
    let unit: String
    /// Why a live system in good order has nothing to show here; nil where data must come.
    let emptyBecause: String?

    var isAllowedEmpty: Bool { emptyBecause != nil }
    var description: String { "\(dashboard) / \(panel): \(expression)" }

    /// With all variables chosen, as Grafana would send it.
    func asked(rateInterval: String = "1m", range: String = "1h") -> String {
        GrafanaVariables.substituted(expression, rateInterval: rateInterval, range: range)
    }
}

/// What Grafana puts in the place of a dashboard's variables when 'All' is chosen everywhere.
enum GrafanaVariables {
    static func substituted(_ text: String, rateInterval: String = "1m", range: String = "1h") -> String {
        var text = intervals(text, rateInterval: rateInterval, range: range)
        for (name, value) in [
            ("job", ".+"), ("instance", ".+"), ("target", ".*"), ("datname", ".*"), ("db", ".*"), ("database", ".*"),
        ] {
            text = text.replacing("\"$\(name)\"", with: "\"\(value)\"")
        }
        return text
    }

    /// Only the variables without which the text is no PromQL.
    static func intervals(_ text: String, rateInterval: String = "1m", range: String = "1h") -> String {
        text.replacing("$__rate_interval", with: rateInterval).replacing("$__range", with: range)
    }
}

/// The dashboards of the repository.
enum DashboardFiles {
    static let names = ["overview", "database", "postgres", "pgbouncer", "authentication", "cache"]

    static let directory = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "dashboards")

    static func text(of name: String) throws -> String {
        String(decoding: try Data(contentsOf: directory.appending(path: name + ".json")), as: UTF8.self)
    }

    static func read(_ name: String) throws -> Dashboard {
        try JSONDecoder().decode(Dashboard.self, from: Data(contentsOf: directory.appending(path: name + ".json")))
    }

    /// Every query of every panel of every dashboard.
    static func expressions() throws -> [DashboardExpression] {
        try names.flatMap { name in
            try read(name).panels.flatMap { panel in
                (panel.targets ?? []).map { target in
                    DashboardExpression(
                        dashboard: name, panel: panel.title, expression: target.expr,
                        unit: panel.fieldConfig?.defaults.unit ?? "", emptyBecause: emptyPanels["\(name)/\(panel.title)"])
                }
            }
        }
    }

    /// What stays empty on the live stage, and why.
    private static let emptyPanels: [String: String] = [
        "overview/Failing collectors": "every collector works",
        "cache/Replication link": "not a replica",
        "pgbouncer/Longest time since the last request": "no server connection is active for the whole of a sample",
        "postgres/Limits of databases and roles": "none has a limit",
        "postgres/Lag of standbys, seen by the primary": "no standby",
        "postgres/Log not yet with standbys": "no standby",
        "postgres/Age of the data, seen by the standby": "not a standby",
        "postgres/Receivers": "not a standby",
        "postgres/Log kept by slots": "no slot",
        "postgres/Subscriptions": "no subscription",
        "postgres/Reads by kind of process": "Postgres 15",
        "postgres/Writes by kind of process": "Postgres 15",
        "postgres/Superfluous indexes": "there is none",
        "postgres/Bloated tables": "not analyzed when it was asked",
        "postgres/Bloated indexes": "not analyzed when it was asked",
        "postgres/Commands in progress": "nothing runs for long",
    ]
}

/// What the tests look at in a dashboard. Anything that must be there is not optional.
struct Dashboard: Decodable {
    let uid: String
    let title: String
    let description: String
    let tags: [String]
    let editable: Bool
    let schemaVersion: Int
    let panels: [Panel]
    let templating: List<Variable>
    let annotations: List<Annotation>
    let links: [Link]

    struct List<Element: Decodable>: Decodable { let list: [Element] }
    struct Source: Decodable, Equatable { let type, uid: String }
    struct GridPosition: Decodable { let x, y, w, h: Int }

    struct Panel: Decodable {
        let id: Int
        let type: String
        let title: String
        let gridPos: GridPosition
        let description: String?
        let datasource: Source?
        let targets: [Target]?
        let fieldConfig: FieldConfig?

        var isRow: Bool { type == "row" }
    }

    struct Target: Decodable {
        let refId: String
        let expr: String
        let datasource: Source
        let legendFormat: String
    }

    struct FieldConfig: Decodable {
        let defaults: Defaults
        let overrides: [Override]

        struct Override: Decodable {}
        struct Defaults: Decodable {
            let unit: String
            let min, max: Double?
            let thresholds: Thresholds
            let noValue: String?
        }
        struct Thresholds: Decodable { let steps: [Step] }
        struct Step: Decodable {
            let color: String
            /// Nil for the base.
            let value: Double?
        }
    }

    struct Variable: Decodable {
        let type, name, query: String
        let label: String
        let datasource: Source?
        let refresh: Int
        let allValue: String?
        let multi: Bool?
        let includeAll: Bool?
    }

    struct Annotation: Decodable {
        let name: String
        let expr: String?
        let datasource: Source
    }

    struct Link: Decodable {
        let type: String
        let tags: [String]
        let includeVars, keepTime: Bool
    }
}
