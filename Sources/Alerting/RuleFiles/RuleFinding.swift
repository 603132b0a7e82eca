/// Something wrong in a rule file.
public struct RuleFinding: Error, Sendable, Hashable, CustomStringConvertible {
    /// The rule that the finding is about.
    public struct Rule: Sendable, Hashable {
        /// 1-based, within the group.
        public let number: Int
        public let name: String
    }

    public enum Severity: Sendable {
        /// The file is not used.
        case error
        /// The file is used.
        case warning
    }

    /// Where promtool puts a finding of this kind.
    enum Form: Sendable, Hashable {
        /// A line under `yaml: unmarshal errors:`.
        case structure
        /// The message alone, or with the place before it that it names itself.
        case whole(place: String)
        /// The place, then group and rule.
        case rule(place: String)
    }

    public let file: String
    /// 1-based; 0 when it is about the whole file.
    public let line: Int
    public let column: Int
    public let group: String?
    public let rule: Rule?
    /// As Prometheus 3.14 words it.
    public let message: String
    /// What the writer may have meant.
    public let hint: String?
    public let severity: Severity
    let form: Form

    /// `FILE: LINE:COLUMN: group "g", rule 1, "name": MESSAGE`, always with the place and with the hint where there is one.
    public var description: String {
        var out = file + ": "
        if line > 0 { out += "\(line):\(column): " }
        return out + context + detailedMessage
    }

    /// The message with its hint.
    public var detailedMessage: String { hint.map { "\(message); \($0)" } ?? message }

    /// Group and rule, as promtool writes them before the message; empty for what is about a whole file.
    private var context: String {
        switch (group, rule) {
        case (let group?, let rule?): "group \(goQuoted(group)), rule \(rule.number), \(goQuoted(rule.name)): "
        case (let group?, nil): "group \(goQuoted(group)): "
        case (nil, _): ""
        }
    }

    /// The line that `promtool check rules` of 3.14 prints; nil for what stands in the block of unmarshal errors.
    var promtoolText: String? {
        switch form {
        case .structure: nil
        case .whole(let place): place + message
        case .rule(let place): place + context + message
        }
    }
}
