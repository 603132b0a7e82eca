package import MetricsModel

/// What an expansion may use besides its data.
package struct TemplateContext: Sendable {
    let settings: RuleSettings
    /// Milliseconds since the epoch.
    let timestamp: Int64
    let source: any SeriesSource
    let language: any RuleLanguage

    package init(settings: RuleSettings, timestamp: Int64, source: any SeriesSource, language: any RuleLanguage) {
        self.settings = settings
        self.timestamp = timestamp
        self.source = source
        self.language = language
    }
}

/// A parsed template of an alert's label or annotation.
package struct Template: Sendable {
    /// What a field that is not there stands for (Go's option `missingkey`).
    package enum MissingKey: Sendable {
        /// The zero of its type: what Prometheus asks for in rules.
        case zero
        case error
    }

    /// What Prometheus puts before each text; part of it, so that positions in errors are the same.
    private static let definitions =
        "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}"

    let name: String
    let missingKey: MissingKey
    /// The text with the definitions before it.
    let text: String
    let templates: [String: [TemplateNode]]
    /// The text when it has no action: most labels are plain.
    private let plain: String?

    /// Parses a text of the alert named `alert`. The error is worded as Go words it.
    package static func alertTemplate(_ text: String, alert: String) throws(TemplateError) -> Template {
        if !text.contains("{{") { return Template(name: alert, text: text, templates: [:], plain: text, .zero) }
        return try Template(named: "__alert_\(alert)", definitions + text)
    }

    package init(named name: String, _ text: String, missingKey: MissingKey = .zero) throws(TemplateError) {
        self.init(
            named: name, text, templates: try TemplateParser.parse(text, name: name, functions: TemplateFunction.names),
            missingKey)
    }

    /// `templates` holds what `text` was parsed to under `name`, and all that it names.
    init(named name: String, _ text: String, templates: [String: [TemplateNode]], _ missingKey: MissingKey = .zero) {
        self.init(name: name, text: text, templates: templates, plain: nil, missingKey)
    }

    private init(
        name: String, text: String, templates: [String: [TemplateNode]], plain: String?, _ missingKey: MissingKey
    ) {
        self.name = name
        self.missingKey = missingKey
        self.text = text
        self.templates = templates
        self.plain = plain
    }

    /// The text for one alert. A failure becomes text: an alert without words still fires.
    package func expand(labels: Labels, value: Double, _ context: TemplateContext) -> String {
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
    package func execute(_ data: TemplateValue, _ context: TemplateContext) throws(TemplateError) -> String {
        var execution = TemplateExecution(template: self, context: context)
        do {
            return try execution.run(data)
        } catch {
            throw TemplateError(description: "error executing template \(name): \(error.description)")
        }
    }
}
