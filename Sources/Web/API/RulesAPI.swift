import Alerting
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
        let page: RulePage
        do throws(QueryFailure) {
            page = try filter.page(of: await ruleGroups())
        } catch {
            return failureResponse(error)
        }
        return successResponse { json in
            json.object { json in
                json.key("groups")
                json.array { json in
                    for group in page.groups { json.ruleGroup(group, withAlerts: filter.showsAlerts) }
                }
                if let token = page.nextToken { json.member("groupNextToken", token) }
            }
        }
    }

    @Sendable func alerts(_ request: WebRequest) async throws(WebError) -> WebResponse {
        guard let ruleGroups = sources.ruleGroups else { throw WebError(.notFound, "there are no rules here") }
        let alerts = await ruleGroups().sorted(by: RuleFilter.precede).flatMap { $0.rules.flatMap(\.alerts) }
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
            json.goTime(group.lastEvaluation)
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
                json.key("alerts")
                if withAlerts {
                    json.array { json in
                        for alert in alerts { json.alert(alert) }
                    }
                } else {
                    json.null()
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
        goTime(rule.lastEvaluation)
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
            json.goTime(alert.activeAt)
            if let since = alert.keepFiringSince {
                json.key("keepFiringSince")
                json.goTime(since)
            }
            json.member("value", GoNumber.exponent(alert.value))
            // Not in Prometheus, where such an alert would have ended.
            if let kept = alert.kept {
                json.key("keptSince")
                json.goTime(kept.since)
                json.member("keptReason", kept.reason)
            }
        }
    }

    /// As Go prints a time: RFC 3339, fractions without zeros at the end; the zero time where there is none.
    fileprivate mutating func goTime(_ milliseconds: Int64?) {
        value(milliseconds.map { Timestamp.rfc3339(milliseconds: $0) } ?? "0001-01-01T00:00:00Z")
    }
}
