import MetricsModel

/// What a caller of `/api/v1/rules` wants to see. Parameters, their order of refusal and the texts are those of Prometheus' api/v1.
struct RuleFilter: Sendable {
    private enum Kind { case all, alerting, recording }

    private let kind: Kind
    private let names: Set<String>
    private let groups: Set<String>
    private let files: Set<String>
    /// A rule stays when the matchers of one of these all apply to its labels.
    private let selectors: [[LabelMatcher]]
    let showsAlerts: Bool
    /// The most groups of one answer; nil is all.
    private let groupLimit: Int?
    /// The first group of the answer.
    private let token: String?

    init(_ form: FormFields, selector: (@Sendable (String) throws(QueryFailure) -> [LabelMatcher])?) throws(QueryFailure) {
        names = Set(form.all("rule_name[]"))
        groups = Set(form.all("rule_group[]"))
        files = Set(form.all("file[]"))
        var selectors: [[LabelMatcher]] = []
        for text in form.all("match[]") {
            guard let selector else { throw QueryFailure(.badData, "invalid parameter \"match[]\": not supported here") }
            selectors.append(try selector(text))
        }
        self.selectors = selectors
        switch (form["type"] ?? "").lowercased() {
        case "": kind = .all
        case "alert": kind = .alerting
        case "record": kind = .recording
        case let other: throw Self.invalid("type", "not supported value \(quoted(other))")
        }
        switch (form["exclude_alerts"] ?? "").lowercased() {
        case "", "false", "0", "f": showsAlerts = true
        case "true", "1", "t": showsAlerts = false
        case let other:
            throw Self.invalid(
                "exclude_alerts", "error converting exclude_alerts: strconv.ParseBool: parsing \(quoted(other)): invalid syntax")
        }
        let limit = form["group_limit"] ?? ""
        let token = form["group_next_token"] ?? ""
        if limit.isEmpty, !token.isEmpty {
            throw Self.invalid("group_next_token", "group_limit needs to be present in order to paginate over the groups")
        }
        groupLimit = limit.isEmpty ? nil : try Self.limit(limit)
        self.token = token.isEmpty ? nil : token
    }

    /// The groups in Prometheus' order with the rules that are wanted, from the token's group on. Throws when no group has the token.
    func page(of all: [RuleGroupView]) throws(QueryFailure) -> RulePage {
        var shown: [RuleGroupView] = []
        var isFound = token == nil
        for group in all.sorted(by: Self.precede) {
            isFound = isFound || Self.token(of: group) == token
            guard isFound, let part = apply(group) else { continue }
            if let groupLimit, shown.count == groupLimit { return RulePage(groups: shown, nextToken: Self.token(of: group)) }
            shown.append(part)
        }
        guard isFound else {
            let text = "invalid group_next_token '\(token ?? "")'. were rule groups changed?"
            throw Self.invalid("group_next_token", text)
        }
        return RulePage(groups: shown, nextToken: nil)
    }

    /// By file, then by name.
    static func precede(_ a: RuleGroupView, _ b: RuleGroupView) -> Bool {
        sameBytes(a.file, b.file) ? bytesPrecede(a.name, b.name) : bytesPrecede(a.file, b.file)
    }

    /// The group with the rules that are wanted; nil when none is.
    private func apply(_ group: RuleGroupView) -> RuleGroupView? {
        guard groups.isEmpty || groups.contains(group.name), files.isEmpty || files.contains(group.file) else { return nil }
        let rules = group.rules.filter { rule in
            switch (kind, rule.kind) {
            case (.alerting, .recording), (.recording, .alerting): return false
            case (.all, _), (.alerting, .alerting), (.recording, .recording): break
            }
            guard names.isEmpty || names.contains(rule.name) else { return false }
            return selectors.isEmpty || selectors.contains { $0.allSatisfy { $0.matches(rule.labels) } }
        }
        guard !rules.isEmpty else { return nil }
        return RuleGroupView(
            name: group.name, file: group.file, intervalSeconds: group.intervalSeconds, limit: group.limit, rules: rules,
            evaluationSeconds: group.evaluationSeconds, lastEvaluation: group.lastEvaluation)
    }

    /// Clients hand it back as it is: it only has to tell the groups apart.
    private static func token(of group: RuleGroupView) -> String {
        let hash = String(Labels(["file": group.file, "name": group.name]).fingerprint, radix: 16)
        return String(repeating: "0", count: 16 - hash.utf8.count) + hash
    }

    private static func limit(_ text: String) throws(QueryFailure) -> Int {
        guard let value = Int64(text) else {
            let digits = text.first == "-" || text.first == "+" ? text.dropFirst() : text[...]
            let isNumber = !digits.isEmpty && digits.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            throw notNumber(text, isNumber ? "value out of range" : "invalid syntax")
        }
        guard Int32(exactly: value) != nil else { throw notNumber(text, "value out of range") }
        guard value > 0 else { throw invalid("group_limit", "group_limit needs to be greater than 0") }
        return Int(value)
    }

    private static func notNumber(_ text: String, _ why: String) -> QueryFailure {
        invalid("group_limit", "group_limit needs to be a valid number: strconv.ParseInt: parsing \(quoted(text)): \(why)")
    }

    private static func invalid(_ parameter: String, _ message: String) -> QueryFailure {
        QueryFailure(.badData, "invalid parameter \(quoted(parameter)): \(message)")
    }
}

/// One answer of `/api/v1/rules`.
struct RulePage: Sendable {
    let groups: [RuleGroupView]
    /// For the groups after these; nil when these are the last.
    let nextToken: String?
}
