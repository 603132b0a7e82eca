internal import MetricsModel

struct TemplateError: Error, CustomStringConvertible { let description: String }
struct TemplateContext: Sendable {
    let settings: RuleSettings
    let timestamp: Int64
    let source: any SeriesSource
    let language: any RuleLanguage
}
struct Template: Sendable {
    let text: String
    static func alertTemplate(_ text: String, alert: String) throws(TemplateError) -> Template { Template(text: text) }
    func expand(labels: Labels, value: Double, _ context: TemplateContext) -> String { text }
}
