internal import MetricsModel

/// Why a text of a receiver is no template, or could not be expanded. In Go's words.
public struct PageTemplateError: Error, Sendable, CustomStringConvertible {
    public let description: String
}

/// A text of a receiver: a title, a summary. Go's text/template with the data, the functions and the named templates of
/// Alertmanager 0.25 for PagerDuty and Slack, so that the texts of an alertmanager.yml read the same here.
public struct PageTemplate: Sendable, Equatable {
    /// As it stands in the configuration.
    public let text: String
    private let template: Template?

    /// What `{{ template "…" . }}` may name.
    private static let definitions = """
        {{define "__subject"}}[{{toUpper .Status}}{{if .Alerts.Firing}}:{{len .Alerts.Firing}}{{end}}] \
        {{join " " .GroupLabels.Values}} \
        {{with .CommonLabels.Remove .GroupLabels.Names}}({{join " " .Values}}){{end}}{{end}}\
        {{define "__alertmanager"}}Alertmanager{{end}}\
        {{define "__alertmanagerURL"}}{{.ExternalURL}}/#/alerts?receiver={{urlquery .Receiver}}{{end}}\
        {{define "__text_alert_list"}}{{range .}}Labels:
        {{range .Labels.SortedPairs}} - {{.Name}} = {{.Value}}
        {{end}}Annotations:
        {{range .Annotations.SortedPairs}} - {{.Name}} = {{.Value}}
        {{end}}Source: {{.GeneratorURL}}
        {{end}}{{end}}\
        {{define "pagerduty.default.description"}}{{template "__subject" .}}{{end}}\
        {{define "pagerduty.default.client"}}{{template "__alertmanager" .}}{{end}}\
        {{define "pagerduty.default.clientURL"}}{{template "__alertmanagerURL" .}}{{end}}\
        {{define "pagerduty.default.instances"}}{{template "__text_alert_list" .}}{{end}}\
        {{define "slack.default.title"}}{{template "__subject" .}}{{end}}\
        {{define "slack.default.username"}}{{template "__alertmanager" .}}{{end}}\
        {{define "slack.default.titlelink"}}{{template "__alertmanagerURL" .}}{{end}}\
        {{define "slack.default.fallback"}}{{template "slack.default.title" .}} | {{template "slack.default.titlelink" .}}{{end}}\
        {{define "slack.default.pretext"}}{{end}}{{define "slack.default.text"}}{{end}}{{define "slack.default.footer"}}{{end}}\
        {{define "slack.default.iconemoji"}}{{end}}{{define "slack.default.iconurl"}}{{end}}{{define "slack.default.callbackid"}}{{end}}
        """

    private static let defaults = Result { () throws(TemplateError) in
        try TemplateParser.parse(definitions, name: "", functions: TemplateFunction.pageFunctionNames)
    }

    /// - Throws: when the text is no template, or names a function or a template that is not there.
    public init(_ text: String) throws(PageTemplateError) {
        self.text = text
        guard text.contains("{{") else {
            template = nil
            return
        }
        do throws(TemplateError) {
            let own = try TemplateParser.parse(text, name: "", functions: TemplateFunction.pageFunctionNames)
            // A text may define a template anew.
            let all = try Self.defaults.get().merging(own) { _, own in own }
            if let missing = own.values.compactMap({ Self.missing(in: $0, all) }).min() {
                throw TemplateError(description: "template: template \(goQuoted(missing)) not defined")
            }
            template = Template(named: "", text, templates: all)
        } catch {
            throw PageTemplateError(description: error.description)
        }
    }

    /// The text for one page. `externalURL` is where people reach Vitals, without a slash at the end.
    public func expand(_ page: Page, externalURL: String) throws(PageTemplateError) -> String {
        guard let template else { return text }
        let context = TemplateContext(settings: RuleSettings(), timestamp: 0, source: NoSeries(), language: NoLanguage())
        do throws(TemplateError) {
            return try template.execute(.page(.data(page, externalURL: externalURL)), context)
        } catch {
            throw PageTemplateError(description: error.description)
        }
    }

    /// A template that is named and not there: Go finds it when the page is due, which is too late.
    private static func missing(in nodes: [TemplateNode], _ all: [String: [TemplateNode]]) -> String? {
        for node in nodes {
            switch node {
            case .template(let name, _, _):
                if all[name] == nil { return name }
            case .branch(_, _, let then, let otherwise), .range(_, let then, let otherwise):
                if let name = missing(in: then + otherwise, all) { return name }
            case .text, .action, .breakLoop, .continueLoop: break
            }
        }
        return nil
    }

    public static func == (a: PageTemplate, b: PageTemplate) -> Bool { sameBytes(a.text, b.text) }
}

/// A receiver's text reads no series: there is no function that could ask.
private struct NoSeries: SeriesSource {
    func select(
        _ matchers: [LabelMatcher], from: Int64, through: Int64, selection: SampleSelection, maxSamples: Int
    ) throws(SeriesSourceError) -> [SeriesSamples] { [] }
}

private struct NoLanguage: RuleLanguage {
    func parse(_ text: String) throws(RuleSyntaxError) -> any RuleExpression {
        throw RuleSyntaxError(message: "not available", line: 1, column: 1)
    }
}
