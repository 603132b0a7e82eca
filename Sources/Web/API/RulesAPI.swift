import Health
import MetricsModel

/// `/api/v1/rules`, `/api/v1/alerts` and `/api/v1/status/buildinfo`, field for field as Prometheus answers them.
struct RulesAPI: Sendable {
    let sources: WebSources

    @Sendable func rules(_ request: WebRequest) async throws(WebError) -> WebResponse {
        guard let ruleGroups = sources.ruleGroups else { throw WebError(.notFound, "there are no rules here") }
        let form = request.query
        let filter: RuleFilter
        do throws(QueryFailure) {
            filter = try RuleFilter(form, selector: sources.selector)
        } catch {
            return failureResponse(error)
        }
        let groups = await ruleGroups().compactMap(filter.apply)
        return successResponse { json in
            json.object { json in
                json.key("groups")
                json.array { json in
                    for group in groups { json.ruleGroup(group, withAlerts: filter.showsAlerts) }
                }
            }
        }
    }

    @Sendable func alerts(_ request: WebRequest) async throws(WebError) -> WebResponse {
        guard let ruleGroups = sources.ruleGroups else { throw WebError(.notFound, "there are no rules here") }
        let alerts = await ruleGroups().flatMap { $0.rules.flatMap(\.alerts) }
        return successResponse { json in
            json.object { json in
                json.key("alerts")
                json.array { json in
                    for alert in alerts { json.alert(alert) }
                }
            }
        }
    }

    func buildInfo() -> WebResponse {
        let build = sources.build
        return successResponse { json in
            json.object { json in
                json.member("version", build.version)
                json.member("revision", build.revision)
                json.member("branch", build.branch)
                json.member("buildUser", "")
                json.member("buildDate", build.buildDate)
                // Clients of Prometheus expect the field; the language is another.
                json.member("goVersion", "")
                json.member("swiftVersion", build.swiftVersion)
            }
        }
    }
}

/// What a caller of `/api/v1/rules` wants to see.
struct RuleFilter: Sendable {
    private enum Kind { case all, alerting, recording }

    private let kind: Kind
    private let names: Set<String>
    private let groups: Set<String>
    private let files: Set<String>
    /// A rule stays when the matchers of one of these all apply to its labels.
    private let selectors: [[LabelMatcher]]
    let showsAlerts: Bool

    init(_ form: FormFields, selector: (@Sendable (String) throws(QueryFailure) -> [LabelMatcher])?) throws(QueryFailure) {
        switch (form["type"] ?? "").lowercased() {
        case "": kind = .all
        case "alert": kind = .alerting
        case "record": kind = .recording
        case let other: throw QueryFailure(.badData, "invalid parameter \"type\": not supported value \(quoted(other))")
        }
        switch (form["exclude_alerts"] ?? "").lowercased() {
        case "", "false", "0", "f": showsAlerts = true
        case "true", "1", "t": showsAlerts = false
        case let other:
            throw QueryFailure(
                .badData, "invalid parameter \"exclude_alerts\": error converting exclude_alerts: \(quoted(other))")
        }
        names = Set(form.all("rule_name[]"))
        groups = Set(form.all("rule_group[]"))
        files = Set(form.all("file[]"))
        var selectors: [[LabelMatcher]] = []
        for text in form.all("match[]") {
            guard let selector else { throw QueryFailure(.badData, "invalid parameter \"match[]\": not supported here") }
            selectors.append(try selector(text))
        }
        self.selectors = selectors
    }

    /// The group with the rules that are wanted; nil when none is.
    @Sendable func apply(_ group: RuleGroupView) -> RuleGroupView? {
        guard groups.isEmpty || groups.contains(group.name), files.isEmpty || files.contains(group.file) else { return nil }
        let rules = group.rules.filter { rule in
            switch (kind, rule.kind) {
            case (.alerting, .recording), (.recording, .alerting): return false
            case (.all, _), (.alerting, .alerting), (.recording, .recording): break
            }
            guard names.isEmpty || names.contains(rule.name) else { return false }
            return selectors.isEmpty || selectors.contains { $0.allSatisfy { $0.matches(rule.labels) } }
        }
        guard !rules.isEmpty || (group.rules.isEmpty && kind == .all && names.isEmpty && selectors.isEmpty) else { return nil }
        return RuleGroupView(
            name: group.name, file: group.file, intervalSeconds: group.intervalSeconds, limit: group.limit, rules: rules,
            evaluationSeconds: group.evaluationSeconds, lastEvaluation: group.lastEvaluation)
    }
}

extension JSONWriter {
    mutating func ruleGroup(_ group: RuleGroupView, withAlerts: Bool) {
        object { json in
            json.member("name", group.name)
            json.member("file", group.file)
            json.key("rules")
            json.array { json in
                for rule in group.rules { json.rule(rule, withAlerts: withAlerts) }
            }
            json.member("interval", group.intervalSeconds)
            json.member("limit", group.limit)
            json.member("evaluationTime", group.evaluationSeconds)
            json.key("lastEvaluation")
            json.time(group.lastEvaluation)
        }
    }

    private mutating func rule(_ rule: RuleView, withAlerts: Bool) {
        object { json in
            switch rule.kind {
            case .recording:
                json.member("name", rule.name)
                json.member("query", rule.query)
                if !rule.labels.isEmpty {
                    json.key("labels")
                    json.labels(rule.labels)
                }
                json.evaluation(of: rule, type: "recording")
            case .alerting(let state, let forSeconds, let keepFiringForSeconds, let annotations, let alerts):
                json.member("state", state.rawValue)
                json.member("name", rule.name)
                json.member("query", rule.query)
                json.member("duration", forSeconds)
                json.member("keepFiringFor", keepFiringForSeconds)
                json.key("labels")
                json.labels(rule.labels)
                json.key("annotations")
                json.map(annotations)
                if withAlerts {
                    json.key("alerts")
                    json.array { json in
                        for alert in alerts { json.alert(alert) }
                    }
                }
                json.evaluation(of: rule, type: "alerting")
            }
        }
    }

    private mutating func evaluation(of rule: RuleView, type: String) {
        switch rule.health {
        case .unknown: member("health", "unknown")
        case .ok: member("health", "ok")
        case .failed(let error):
            member("health", "err")
            member("lastError", error)
        }
        member("evaluationTime", rule.evaluationSeconds)
        key("lastEvaluation")
        time(rule.lastEvaluation)
        member("type", type)
    }

    mutating func alert(_ alert: AlertView) {
        object { json in
            json.key("labels")
            json.labels(alert.labels)
            json.key("annotations")
            json.map(alert.annotations)
            json.member("state", alert.state.rawValue)
            json.key("activeAt")
            json.time(alert.activeAt)
            if let since = alert.keepFiringSince {
                json.key("keepFiringSince")
                json.time(since)
            }
            json.member("value", GoNumber.exponent(alert.value))
        }
    }
}
