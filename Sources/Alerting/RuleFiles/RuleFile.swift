internal import MetricsModel
internal import YAML

/// A file of rule groups, in the format of Prometheus (https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/).
public struct RuleFile: Sendable {
    public let path: String
    public let groups: [RuleGroupDefinition]

    /// The number of rules over all groups.
    public var ruleCount: Int { groups.reduce(0) { $0 + $1.rules.count } }

    /// Reads a file's text. Everything that is wrong is found at once: what `promtool check rules` of 3.14 refuses is an error, what
    /// it warns of (duplicate rules, a second document) a warning. Without an error the file can be used.
    public static func read(
        _ bytes: some Collection<UInt8>, path: String, language: any RuleLanguage
    ) -> (file: RuleFile?, findings: [RuleFinding]) {
        var reader = RuleFileReader(path: path, language: language)
        let groups = reader.read(bytes)
        let hasError = reader.findings.contains { $0.severity == .error }
        return (hasError ? nil : RuleFile(path: path, groups: groups), reader.findings)
    }
}

/// Reads one file; keeps the group and the rule at hand for the findings.
private struct RuleFileReader {
    private let language: any RuleLanguage
    private let report: YAMLReport
    private var group: String?
    private var rule: RuleFinding.Rule?
    /// Of the report's findings, how many have been taken over.
    private var taken = 0
    private(set) var findings: [RuleFinding] = []

    init(path: String, language: any RuleLanguage) {
        self.language = language
        report = YAMLReport(file: path)
    }

    mutating func read(_ bytes: some Collection<UInt8>) -> [RuleGroupDefinition] {
        let root = report.read(bytes)
        take(severity: root == nil ? .error : .warning)
        guard let fields = root?.fields(["groups"]) else {
            take()
            return []
        }
        var names: Set<String> = []
        var groups: [RuleGroupDefinition] = []
        for element in fields["groups"]?.elements() ?? [] {
            if let definition = readGroup(element, &names) { groups.append(definition) }
        }
        take()
        reportDuplicates(groups)
        return groups
    }

    private mutating func readGroup(_ element: YAMLReader, _ names: inout Set<String>) -> RuleGroupDefinition? {
        take()
        defer {
            take()
            group = nil
        }
        guard let fields = element.fields(["name", "interval", "query_offset", "limit", "labels", "rules"]) else { return nil }
        let name = fields["name"]?.string() ?? ""
        group = name
        if name.isEmpty { element.fail("Groupname must not be empty") }
        if !names.insert(name).inserted { element.fail("groupname: \"\(name)\" is repeated in the same file") }
        let interval = milliseconds(fields["interval"])
        let labels = texts(fields["labels"], kind: "label")
        var rules: [RuleDefinition] = []
        for (place, element) in (fields["rules"]?.elements() ?? []).enumerated() {
            take()
            if let definition = readRule(element, number: place + 1, groupLabels: labels) { rules.append(definition) }
            take()
            rule = nil
        }
        return RuleGroupDefinition(
            file: report.file, name: name, interval: interval == 0 ? nil : interval,
            queryOffset: milliseconds(fields["query_offset"]), limit: fields["limit"]?.int() ?? 0, rules: rules)
    }

    private mutating func readRule(_ element: YAMLReader, number: Int, groupLabels: [Label]) -> RuleDefinition? {
        let known = ["record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations"]
        guard let fields = element.fields(known) else { return nil }
        let record = fields["record"]?.string() ?? ""
        let alert = fields["alert"]?.string() ?? ""
        let name = alert.isEmpty ? record : alert
        rule = RuleFinding.Rule(number: number, name: name)
        switch (record.isEmpty, alert.isEmpty) {
        case (false, false): fields["record"]?.fail("only one of 'record' and 'alert' must be set")
        case (true, true): element.fail("one of 'record' or 'alert' must be set")
        case (true, false), (false, true): break
        }
        let expression = expression(fields)
        let hold = milliseconds(fields["for"]) ?? 0
        let keepFiring = milliseconds(fields["keep_firing_for"]) ?? 0
        let ownLabels = texts(fields["labels"], kind: "label")
        let annotations = texts(fields["annotations"], kind: "annotation")
        if !record.isEmpty, let place = fields["record"] {
            if !annotations.isEmpty { place.fail("invalid field 'annotations' in recording rule") }
            if hold != 0 { place.fail("invalid field 'for' in recording rule") }
            if keepFiring != 0 { place.fail("invalid field 'keep_firing_for' in recording rule") }
            if record.contains("{") || record.contains("}") {
                place.fail("braces present in the recording rule name; should it be in expr?: \(record)")
            }
        }
        let isAlert = !alert.isEmpty
        let overridden = Set(ownLabels.map(\.name))
        let labels = (groupLabels.filter { !overridden.contains($0.name) } + ownLabels)
            .map { templated($0, "label", isAlert ? alert : nil, fields["labels"] ?? element) }
            .sorted { bytesPrecede($0.name, $1.name) }
        let texts =
            annotations
            .map { templated($0, "annotation", isAlert ? alert : nil, fields["annotations"] ?? element) }
            .sorted { bytesPrecede($0.name, $1.name) }
        guard let expression else { return nil }
        return RuleDefinition(
            name: name, kind: isAlert ? .alert(hold: hold, keepFiring: keepFiring, annotations: texts) : .record,
            expression: expression, labels: labels, line: element.node.line)
    }

    private func expression(_ fields: YAMLFields) -> (any RuleExpression)? {
        guard let reader = fields["expr"] else {
            fields.reader.fail("field 'expr' must be set in rule")
            return nil
        }
        guard let text = reader.string() else { return nil }
        guard !text.isEmpty else {
            reader.fail("field 'expr' must be set in rule")
            return nil
        }
        do {
            return try language.parse(text)
        } catch {
            reader.fail("could not parse expression: \(error.line):\(error.column): parse error: \(error.message)")
            return nil
        }
    }

    /// A mapping of names to texts, without those of a bad name.
    private func texts(_ reader: YAMLReader?, kind: String) -> [Label] {
        var texts: [Label] = []
        for entry in reader?.entries() ?? [] {
            // Since Prometheus 3 any UTF-8 text is a label name.
            guard !entry.name.isEmpty, kind != "label" || entry.name != Labels.metricName else {
                entry.key.fail("invalid \(kind) name: \(entry.name)")
                continue
            }
            guard let text = entry.value.string() else { continue }
            texts.append(Label(entry.name, text))
        }
        return texts
    }

    private func templated(_ text: Label, _ kind: String, _ alert: String?, _ reader: YAMLReader) -> TemplatedText {
        guard let alert else { return TemplatedText(name: text.name, text: text.value, template: nil) }
        do {
            let template = try Template.alertTemplate(text.value, alert: alert)
            return TemplatedText(name: text.name, text: text.value, template: template)
        } catch {
            let place = reader.entries()?.first { $0.name == text.name }?.value ?? reader
            place.fail("\(kind) \(quoted(text.name)): \(error.description)")
            return TemplatedText(name: text.name, text: text.value, template: nil)
        }
    }

    private func milliseconds(_ reader: YAMLReader?) -> Int64? {
        guard let duration = reader?.duration() else { return nil }
        let (seconds, attoseconds) = duration.components
        return seconds * 1_000 + attoseconds / 1_000_000_000_000_000
    }

    /// promtool's duplicate-rules lint: the same name and labels twice in one file.
    private mutating func reportDuplicates(_ groups: [RuleGroupDefinition]) {
        var first: [String: Int] = [:]
        for definition in groups {
            for (place, rule) in definition.rules.enumerated() {
                guard let line = first.updateValue(rule.line, forKey: rule.identity) else { continue }
                first[rule.identity] = line
                findings.append(
                    RuleFinding(
                        file: report.file, line: rule.line, column: 1, group: definition.name,
                        rule: RuleFinding.Rule(number: place + 1, name: rule.name),
                        message: "duplicate of the rule at line \(line): the same name and labels; "
                            + "might cause inconsistency while recording expressions",
                        severity: .warning))
            }
        }
    }

    /// Takes over what the report found since the last time, under the group and rule at hand.
    private mutating func take(severity: RuleFinding.Severity = .error) {
        for finding in report.findings[taken...] {
            findings.append(
                RuleFinding(
                    file: finding.file, line: finding.line, column: finding.column, group: group, rule: rule,
                    message: finding.message, severity: severity))
        }
        taken = report.findings.count
    }
}
