public import MetricsModel

/// A file of rule groups, in the format of Prometheus (https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/).
public struct RuleFile: Sendable {
    public let path: String
    public let groups: [RuleGroupDefinition]

    /// The number of rules over all groups.
    public var ruleCount: Int { groups.reduce(0) { $0 + $1.rules.count } }

    /// Reads a file's text. Everything that is wrong is found at once: what `promtool check rules` of 3.14 refuses is an error, what
    /// it warns of (duplicate rules, a second document) a warning. Without an error the file can be used.
    public static func read(
        _ bytes: some Collection<UInt8>, path: String, language: any RuleLanguage, unknownFields: UnknownFields = .refused
    ) -> (file: RuleFile?, findings: [RuleFinding]) {
        var reader = RuleFileReader(path: path, language: language, unknownFields: unknownFields)
        let groups = reader.read(bytes)
        let hasError = reader.findings.contains { $0.severity == .error }
        return (hasError ? nil : RuleFile(path: path, groups: groups), reader.findings)
    }

    /// The rules that stand in the file more than once with the same name and labels, each once, sorted by name and labels:
    /// promtool's lint `duplicate-rules`.
    public var duplicates: [(name: String, labels: [Label])] {
        var counts: [RuleKey: Int] = [:]
        counts.reserveCapacity(ruleCount)
        for group in groups {
            for rule in group.rules { counts[RuleKey(rule), default: 0] += 1 }
        }
        return counts.filter { $0.value > 1 }.keys
            .map { key in (key.name, key.labels.map { Label($0.name, $0.text) }) }
            .sorted { a, b in
                sameBytes(a.name, b.name) ? Labels(sorted: a.labels) < Labels(sorted: b.labels) : bytesPrecede(a.name, b.name)
            }
    }
}

/// What makes two rules one: name and labels.
struct RuleKey: Hashable {
    let name: String
    let labels: [TemplatedText]

    init(_ rule: RuleDefinition) {
        name = rule.name
        labels = rule.labels
    }

    static func == (a: RuleKey, b: RuleKey) -> Bool {
        sameBytes(a.name, b.name)
            && a.labels.elementsEqual(b.labels) { sameBytes($0.name, $1.name) && sameBytes($0.text, $1.text) }
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        for label in labels {
            hasher.combine(label.name)
            hasher.combine(label.text)
        }
    }
}
