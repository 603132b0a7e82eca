/// How far back a rule looks: what a store has to keep for it.
public struct RuleReach: Sendable, Comparable {
    /// Before the evaluation, the group's query offset included.
    public let milliseconds: Int64
    public let file: String
    public let group: String
    public let rule: String

    public static func < (a: RuleReach, b: RuleReach) -> Bool { a.milliseconds < b.milliseconds }

    /// Of every rule, in the order of the files. Takes each expression apart.
    public static func of(_ files: [RuleFile], queryOffset: Int64 = 0) -> [RuleReach] {
        files.flatMap(\.groups).flatMap { group in
            group.rules.map { rule in
                let (reach, isOver) = rule.expression.reads.reach.addingReportingOverflow(group.queryOffset ?? queryOffset)
                return RuleReach(
                    milliseconds: isOver ? .max : reach, file: group.file, group: group.name, rule: rule.name)
            }
        }
    }
}
