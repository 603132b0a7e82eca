/// The functions of the texts of receivers (Alertmanager's template.go).
extension TemplateFunction {
    /// Those that Prometheus has under the same name do the same.
    static let pageFunctionNames = Set(goFunctions.keys).union(pageFunctions.keys)
        .union(["toUpper", "toLower", "title", "match", "reReplaceAll", "safeHtml"])

    static let pageFunctions: [String: TemplateFunction] = [
        "join": TemplateFunction(.string, .strings) { arguments, _ in
            .string(arguments.strings(1).joined(separator: arguments.string(0)))
        },
        "trimSpace": TemplateFunction(.string) { arguments, _ in
            let scalars = arguments.string(0).unicodeScalars
            let trimmed = scalars.drop { $0.properties.isWhitespace }
            let end = trimmed.lastIndex { !$0.properties.isWhitespace }.map { trimmed.index(after: $0) } ?? trimmed.startIndex
            return .string(String(trimmed[..<end]))
        },
        "stringSlice": TemplateFunction(variadic: .string) { arguments, _ in .list(arguments) },
    ]
}
