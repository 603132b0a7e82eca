internal import MetricsModel

/// What an expansion may use besides its data.
struct TemplateContext: Sendable {
    let settings: RuleSettings
    /// Milliseconds since the epoch.
    let timestamp: Int64
    let source: any SeriesSource
    let language: any RuleLanguage
}

/// A parsed template of an alert's label or annotation.
struct Template: Sendable {
    /// What Prometheus puts before each text; part of it, so that positions in errors are the same.
    private static let definitions =
        "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}"

    let name: String
    /// The text with the definitions before it.
    let text: String
    let templates: [String: [TemplateNode]]
    /// The text when it has no action: most labels are plain.
    private let plain: String?

    /// Parses a text of the alert named `alert`. The error is worded as Go words it.
    static func alertTemplate(_ text: String, alert: String) throws(TemplateError) -> Template {
        if !text.contains("{{") { return Template(name: alert, text: text, templates: [:], plain: text) }
        return try Template(named: "__alert_\(alert)", definitions + text)
    }

    init(named name: String, _ text: String) throws(TemplateError) {
        self.init(
            name: name, text: text,
            templates: try TemplateParser.parse(text, name: name, functions: TemplateFunction.names), plain: nil)
    }

    private init(name: String, text: String, templates: [String: [TemplateNode]], plain: String?) {
        self.name = name
        self.text = text
        self.templates = templates
        self.plain = plain
    }

    /// The text for one alert. A failure becomes text: an alert without words still fires.
    func expand(labels: Labels, value: Double, _ context: TemplateContext) -> String {
        if let plain { return plain }
        let data = TemplateValue.AlertData(
            labels: labels, externalLabels: context.settings.externalLabels, externalURL: context.settings.externalURL,
            value: value)
        do {
            return try execute(.alert(data), context)
        } catch {
            return "<error expanding template: \(error.description)>"
        }
    }

    /// Runs the template on any data.
    func execute(_ data: TemplateValue, _ context: TemplateContext) throws(TemplateError) -> String {
        var execution = TemplateExecution(template: self, context: context)
        do {
            return try execution.run(data)
        } catch {
            throw TemplateError(description: "error executing template \(name): \(error.description)")
        }
    }
}
