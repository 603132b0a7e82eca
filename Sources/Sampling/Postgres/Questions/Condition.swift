/// What must hold for a question to be asked. When it does not, the question is skipped for that reason, and that is no failure.
indirect enum Condition: Sendable, Hashable {
    /// From `server_version_num` on, and below.
    case version(Range<Int>)
    case versions(VersionRanges)
    case primary
    case standby
    case database(String)
    case user(String)
    /// An extension of the database, in any version.
    case `extension`(String)
    case schema(String)
    /// A table or view, as `to_regclass` reads its name.
    case relation(String)
    /// A role with `pg_monitor`'s rights, or a superuser.
    case monitor
    case superuser
    /// A free word that pg_exporter's collectors may ask for, and whether the target has it.
    case tag(String, isThere: Bool = false)
    case predicate(Predicate)
    case not(Condition)

    static func since(_ version: Int) -> Condition { .version(version..<Int.max) }
    static func before(_ version: Int) -> Condition { .version(0..<version) }

    func holds(in context: QuestionContext) -> Bool {
        switch self {
        case .version(let range): range.contains(context.version)
        case .versions(let ranges): ranges.contains(context.version)
        case .primary: !context.server.isStandby
        case .standby: context.server.isStandby
        case .database(let name): context.database.name == name
        case .user(let name): context.server.user == name
        case .extension(let name): context.database.extensions[name] != nil
        case .schema(let name): context.database.schemas.contains(name)
        case .relation(let name): context.database.relations.contains(name)
        case .monitor: context.server.isMonitor || context.server.isSuperuser
        case .superuser: context.server.isSuperuser
        case .tag(_, let isThere): isThere
        case .predicate(let predicate): context.database.predicates[predicate] ?? false
        case .not(let condition): !condition.holds(in: context)
        }
    }

    /// The value of the label `reason` of a question that is skipped for it.
    var reason: String {
        switch self {
        case .version, .versions: "version"
        case .primary, .standby: "role"
        case .database: "database"
        case .user: "user"
        case .extension: "extension"
        case .schema: "schema"
        case .relation: "relation"
        case .monitor, .superuser: "privilege"
        case .tag: "tag"
        case .predicate: "predicate"
        case .not(let condition): condition.reason
        }
    }

    /// The relations and schemas whose presence has to be known.
    var relations: [String] {
        switch self {
        case .relation(let name): [name]
        case .not(let condition): condition.relations
        case .version, .versions, .primary, .standby, .database, .user, .extension, .schema, .monitor, .superuser, .tag,
            .predicate:
            []
        }
    }

    var schemas: [String] {
        switch self {
        case .schema(let name): [name]
        case .not(let condition): condition.schemas
        case .version, .versions, .primary, .standby, .database, .user, .extension, .relation, .monitor, .superuser, .tag,
            .predicate:
            []
        }
    }
}
