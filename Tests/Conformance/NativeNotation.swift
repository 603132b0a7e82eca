import MetricsModel

/// Native histograms in series notation, as far as their places go: `m {{count:1}} 2 {{count:1}}+{{count:2}}x3`.
enum NativeNotation {
    /// Stands for a histogram; no script has this value.
    static let placeholder = 9.25e250

    /// The line with the placeholder for every histogram, and without their steps.
    static func withoutHistograms(_ line: String) -> String {
        var out = ""
        var rest = line[...]
        while let open = rest.firstRange(of: "{{"), let close = rest[open.upperBound...].firstRange(of: "}}") {
            let before = rest[..<open.lowerBound]
            let isStep = (before == "+" || before == "-") && !out.isEmpty
            if !isStep { out += before + "9.25e250" }
            rest = rest[close.upperBound...]
        }
        return out + rest
    }

    /// The native histogram that `load_with_nhcb` makes of a classic one; nil when the series is no part of one.
    static func histogram(of labels: Labels) -> Labels? {
        guard let suffix = ["_bucket", "_sum", "_count"].first(where: labels.name.hasSuffix) else { return nil }
        return labels.setting("le", to: "").setting(Labels.metricName, to: String(labels.name.dropLast(suffix.count)))
    }
}
