internal import MetricsModel
internal import YAML

/// Reads one rule file; keeps the group and the rule at hand for the findings (Prometheus' model/rulefmt).
struct RuleFileReader {
    private static let groupFields = ["name", "interval", "query_offset", "limit", "labels", "rules"]
    private static let ruleFields = ["record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations"]

    private let path: String
    private let language: any RuleLanguage
    private var decoder: GoDecoder
    private var group: String?
    private var rule: RuleFinding.Rule?
    /// Of the decoder's findings, how many have been taken over.
    private var taken = 0
    private(set) var findings: [RuleFinding] = []

    init(path: String, language: any RuleLanguage, unknownFields: UnknownFields) {
        self.path = path
        self.language = language
        decoder = GoDecoder(unknownFields: unknownFields)
    }

    mutating func read(_ bytes: some Collection<UInt8>) -> [RuleGroupDefinition] {
        let document: YAMLDocument
        do {
            document = try YAMLDocument(bytes)
        } catch {
            add(error.goText, line: error.line, column: error.column, .whole(place: ""), hint: error.message)
            return []
        }
        if let line = document.nextDocumentLine {
            add("a second document begins here; only one is read", line: line, column: 1, .whole(place: ""), severity: .warning)
        }
        guard let root = document.root, !root.isNull else { return [] }
        var names: Set<String> = []
        var groups: [RuleGroupDefinition] = []
        for entry in decoder.fields(root, of: "rulefmt.RuleGroups", known: ["groups"]) where entry.key == "groups" {
            for element in decoder.elements(entry.value, of: "[]rulefmt.RuleGroup") {
                if let definition = readGroup(element, &names) { groups.append(definition) }
            }
        }
        take()
        reportDuplicates(groups)
        return groups
    }

    private mutating func readGroup(_ element: YAMLNode, _ names: inout Set<String>) -> RuleGroupDefinition? {
        take()
        defer {
            take()
            group = nil
        }
        guard case .mapping = element.content else {
            _ = decoder.entries(element, of: "rulefmt.RuleGroup")
            return nil
        }
        let fields = decoder.fields(element, of: "rulefmt.RuleGroup", known: Self.groupFields)
        var interval: Int64?
        var queryOffset: Int64?
        var limit = 0
        var name = ""
        var labels: [(entry: YAMLEntry, text: String)] = []
        var ruleNodes: [YAMLNode] = []
        for field in fields {
            switch field.key {
            case "name": name = decoder.string(field.value)
            case "interval": interval = decoder.duration(field.value)
            case "query_offset": queryOffset = decoder.duration(field.value)
            case "limit": limit = decoder.int(field.value)
            case "labels": labels = decoder.texts(field.value)
            case "rules": ruleNodes = decoder.elements(field.value, of: "[]rulefmt.Rule")
            default: break
            }
        }
        let isWhole = decoder.findings.count == taken
        take()
        let place = "\(element.line):\(element.column): "
        if name.isEmpty, isWhole { add("Groupname must not be empty", at: element, .whole(place: place)) }
        if !names.insert(name).inserted {
            add("groupname: \"\(name)\" is repeated in the same file", at: element, .whole(place: place))
        }
        let groupLabels = labels.filter { isValid($0.entry, kind: "label", .whole(place: "")) }
            .map { Label($0.entry.key, $0.text) }
        group = name
        var rules: [RuleDefinition] = []
        rules.reserveCapacity(ruleNodes.count)
        for (place, node) in ruleNodes.enumerated() {
            if let definition = readRule(node, number: place + 1, groupLabels: groupLabels) { rules.append(definition) }
        }
        rule = nil
        return RuleGroupDefinition(
            file: path, name: name, interval: interval == 0 ? nil : interval, queryOffset: queryOffset, limit: limit, rules: rules
        )
    }

    private mutating func readRule(_ node: YAMLNode, number: Int, groupLabels: [Label]) -> RuleDefinition? {
        var reading = RuleReading()
        for field in decoder.fields(node, of: "rulefmt.Rule", known: Self.ruleFields) {
            switch field.key {
            case "record": reading.record = (decoder.string(field.value), field.value)
            case "alert": reading.alert = (decoder.string(field.value), field.value)
            case "expr": reading.expression = (decoder.string(field.value), field.value)
            case "for": reading.hold = decoder.duration(field.value) ?? 0
            case "keep_firing_for": reading.keepFiring = decoder.duration(field.value) ?? 0
            case "labels": reading.labels = decoder.texts(field.value)
            case "annotations": reading.annotations = decoder.texts(field.value)
            default: break
            }
        }
        rule = RuleFinding.Rule(number: number, name: reading.name)
        // What seems to be missing may stand there misspelt, which is a finding already.
        let isWhole = decoder.findings.count == taken
        take()
        guard case .mapping = node.content else { return nil }
        if isWhole { checkCompleteness(reading, node) }
        let expression = parseExpression(reading)
        checkRecord(reading)
        let labels = reading.labels.filter { isValid($0.entry, kind: "label", .rule(place: "")) }
        let annotations = reading.annotations.filter { isValid($0.entry, kind: "annotation", .rule(place: "")) }
        let alert = reading.alertName.isEmpty ? nil : reading.alertName
        let ownLabels = labels.map { templated($0, "label", alert) }
        let texts = annotations.map { templated($0, "annotation", alert) }
        guard let expression else { return nil }
        return RuleDefinition(
            name: reading.name,
            kind: alert == nil ? .record : .alert(hold: reading.hold, keepFiring: reading.keepFiring, annotations: sorted(texts)),
            expression: expression, labels: sorted(Self.merged(groupLabels, ownLabels, alert: alert)), line: node.line)
    }

    private mutating func checkCompleteness(_ reading: RuleReading, _ node: YAMLNode) {
        let (record, alert) = (reading.record?.node, reading.alert?.node)
        switch (reading.recordName.isEmpty, reading.alertName.isEmpty) {
        case (false, false):
            add(
                "only one of 'record' and 'alert' must be set", at: record ?? node,
                .rule(place: goPlace(record) + goPlace(alert)))
        case (true, true):
            add("one of 'record' or 'alert' must be set", at: node, .rule(place: goPlace(record) + goPlace(alert)))
        case (true, false), (false, true): break
        }
        if reading.expression?.text.isEmpty ?? true {
            let place = reading.expression?.node
            add("field 'expr' must be set in rule", at: place ?? node, .rule(place: goPlace(place)))
        }
    }

    private mutating func parseExpression(_ reading: RuleReading) -> (any RuleExpression)? {
        guard let (text, place) = reading.expression, !text.isEmpty else { return nil }
        do {
            return try language.parse(text)
        } catch {
            add(
                "could not parse expression: \(error.line):\(error.column): parse error: \(error.message)", at: place,
                .rule(place: goPlace(place)))
            return nil
        }
    }

    private mutating func checkRecord(_ reading: RuleReading) {
        guard let (record, place) = reading.record, !record.isEmpty else { return }
        var messages: [String] = []
        if !reading.annotations.isEmpty { messages.append("invalid field 'annotations' in recording rule") }
        if reading.hold != 0 { messages.append("invalid field 'for' in recording rule") }
        if reading.keepFiring != 0 { messages.append("invalid field 'keep_firing_for' in recording rule") }
        if record.contains("{") || record.contains("}") {
            messages.append("braces present in the recording rule name; should it be in expr?: \(record)")
        }
        for message in messages { add(message, at: place, .rule(place: goPlace(place))) }
    }

    /// Since Prometheus 3 any UTF-8 text is a label name.
    private mutating func isValid(_ entry: YAMLEntry, kind: String, _ form: RuleFinding.Form) -> Bool {
        guard entry.key.isEmpty || kind == "label" && entry.key == Labels.metricName else { return true }
        add("invalid \(kind) name: \(entry.key)", line: entry.keyLine, column: entry.keyColumn, form)
        return false
    }

    private mutating func templated(_ text: (entry: YAMLEntry, text: String), _ kind: String, _ alert: String?) -> TemplatedText {
        guard let alert else { return TemplatedText(name: text.entry.key, text: text.text, template: nil) }
        do {
            let template = try Template.alertTemplate(text.text, alert: alert)
            return TemplatedText(name: text.entry.key, text: text.text, template: template)
        } catch {
            add("\(kind) \(goQuoted(text.entry.key)): \(error.description)", at: text.entry.value, .rule(place: ""))
            return TemplatedText(name: text.entry.key, text: text.text, template: nil)
        }
    }

    /// The group's labels under the rule's. A template of the group's is not checked with the file, as in Prometheus: what cannot be
    /// parsed becomes text when the alert is made.
    private static func merged(_ group: [Label], _ own: [TemplatedText], alert: String?) -> [TemplatedText] {
        guard !group.isEmpty else { return own }
        let inherited = group.filter { label in !own.contains { sameBytes($0.name, label.name) } }
        return own + inherited.map { Self.inherited($0, alert: alert) }
    }

    private static func inherited(_ label: Label, alert: String?) -> TemplatedText {
        guard let alert else { return TemplatedText(name: label.name, text: label.value, template: nil) }
        do {
            let template = try Template.alertTemplate(label.value, alert: alert)
            return TemplatedText(name: label.name, text: label.value, template: template)
        } catch {
            let text = "<error expanding template: error parsing template __alert_\(alert): \(error.description)>"
            return TemplatedText(name: label.name, text: text, template: nil)
        }
    }

    private func sorted(_ texts: [TemplatedText]) -> [TemplatedText] {
        texts.count < 2 ? texts : texts.sorted { bytesPrecede($0.name, $1.name) }
    }

    /// A place as Prometheus gives it: a field that is not there is at 0:0.
    private func goPlace(_ node: YAMLNode?) -> String {
        node.map { "\($0.line):\($0.column): " } ?? "0:0: "
    }

    private mutating func reportDuplicates(_ groups: [RuleGroupDefinition]) {
        var first: [RuleKey: Int] = [:]
        first.reserveCapacity(groups.reduce(0) { $0 + $1.rules.count })
        for definition in groups {
            group = definition.name
            for (place, definition) in definition.rules.enumerated() {
                let key = RuleKey(definition)
                guard let line = first[key] else {
                    first[key] = definition.line
                    continue
                }
                rule = RuleFinding.Rule(number: place + 1, name: definition.name)
                add(
                    "duplicate of the rule at line \(line): the same name and labels; "
                        + "might cause inconsistency while recording expressions",
                    line: definition.line, column: 1, .rule(place: "\(definition.line):1: "), severity: .warning)
            }
        }
        (group, rule) = (nil, nil)
    }

    /// Takes over what the decoder found since the last time, under the group and rule at hand.
    private mutating func take() {
        guard decoder.findings.count > taken else { return }
        for finding in decoder.findings[taken...] {
            add(
                finding.message, line: finding.line, column: finding.column,
                finding.isStructural ? .structure : .whole(place: ""), hint: finding.hint)
        }
        taken = decoder.findings.count
    }

    private mutating func add(_ message: String, at node: YAMLNode, _ form: RuleFinding.Form) {
        add(message, line: node.line, column: node.column, form)
    }

    private mutating func add(
        _ message: String, line: Int, column: Int, _ form: RuleFinding.Form, hint: String? = nil,
        severity: RuleFinding.Severity = .error
    ) {
        findings.append(
            RuleFinding(
                file: path, line: line, column: column, group: group, rule: rule, message: message, hint: hint,
                severity: severity, form: form))
    }
}

/// The fields of one rule as they stand there.
private struct RuleReading {
    var record: (text: String, node: YAMLNode)?
    var alert: (text: String, node: YAMLNode)?
    var expression: (text: String, node: YAMLNode)?
    var hold: Int64 = 0
    var keepFiring: Int64 = 0
    var labels: [(entry: YAMLEntry, text: String)] = []
    var annotations: [(entry: YAMLEntry, text: String)] = []

    var recordName: String { record?.text ?? "" }
    var alertName: String { alert?.text ?? "" }
    var name: String { alertName.isEmpty ? recordName : alertName }
}
