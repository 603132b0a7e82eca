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

    public let file: String
    /// 1-based; 0 when it is about the whole file.
    public let line: Int
    public let column: Int
    public let group: String?
    public let rule: Rule?
    public let message: String
    public let severity: Severity

    /// As promtool writes it: `FILE: LINE:COLUMN: group "g", rule 1, "name": MESSAGE`.
    public var description: String {
        var out = file + ": "
        if line > 0 { out += "\(line):\(column): " }
        if let group { out += "group \"\(group)\", " }
        if let rule { out += "rule \(rule.number), \"\(rule.name)\": " }
        if rule == nil, group != nil { out = String(out.dropLast(2)) + ": " }
        return out + message
    }
}
