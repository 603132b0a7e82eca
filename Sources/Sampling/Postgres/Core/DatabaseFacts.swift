internal import MetricsModel
internal import Postgres

extension DatabaseTraits {
    /// `$1` to `$3`: the relations that questions name, each as it is named, its own name, its schema or NULL; `$4`: the schemas.
    /// `to_regclass` would fail for a schema that the role may not use.
    static let sql = """
        SELECT 'database' AS kind, current_database()::text AS name, NULL::text AS version, NULL::text AS schema
        UNION ALL
        SELECT 'extension', e.extname, e.extversion, quote_ident(n.nspname) || '.'
        FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
        UNION ALL
        SELECT 'schema', nspname, NULL, NULL FROM pg_catalog.pg_namespace WHERE nspname = ANY ($4::text[])
        UNION ALL
        SELECT 'relation', r.name, NULL, NULL
        FROM unnest($1::text[], $2::text[], $3::text[]) AS r(name, relation, schema)
        WHERE EXISTS (
            SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relname = r.relation
                AND CASE WHEN r.schema IS NULL THEN pg_catalog.pg_table_is_visible(c.oid) ELSE n.nspname = r.schema END)
        """

    static func statement(for conditions: [Condition]) -> Statement {
        let relations = Set(conditions.flatMap(\.relations)).compactMap(RelationName.init).sorted { $0.text < $1.text }
        let schemas = Set(conditions.flatMap(\.schemas)).sorted()
        return Statement(
            sql,
            [
                arrayText(relations.map(\.text)), arrayText(relations.map(\.relation)), arrayText(relations.map(\.schema)),
                arrayText(schemas),
            ], limits: Question.quick)
    }

    init(_ rows: Rows) throws(PostgresError) {
        for row in rows {
            guard let kind = try row.string(0), let name = try row.string(1) else { continue }
            switch kind {
            case "database": self.name = name
            case "extension":
                extensions[name] = Extension(version: try row.string(2) ?? "", schema: try row.string(3) ?? "")
            case "schema": schemas.insert(name)
            case "relation": relations.insert(name)
            default: break
            }
        }
    }
}

extension ServerTraits {
    static let statement = Statement(
        """
        SELECT pg_is_in_recovery() AS standby, current_user::text AS name, r.rolsuper AS superuser,
            pg_has_role('pg_monitor', 'USAGE') AS monitor
        FROM pg_catalog.pg_roles r WHERE r.rolname = current_user
        """, limits: Question.quick)

    init(_ rows: Rows) throws(PostgresError) {
        guard let row = rows.first else { return }
        isStandby = try row.bool(0) ?? false
        user = try row.string(1) ?? ""
        isSuperuser = try row.bool(2) ?? false
        isMonitor = try row.bool(3) ?? false
    }
}

/// The name of a relation as SQL writes it, in its parts.
struct RelationName: Sendable, Hashable {
    /// As it is written.
    let text: String
    let schema: String?
    let relation: String

    /// Nil for what is no name of a relation of the database.
    init?(_ text: String) {
        var parts: [String] = [""]
        var isQuoted = false
        for character in text {
            switch character {
            case "\"": isQuoted.toggle()
            case "." where !isQuoted: parts.append("")
            default: parts[parts.count - 1] += isQuoted ? String(character) : character.lowercased()
            }
        }
        guard !isQuoted, parts.count <= 2, let last = parts.last, !parts.contains(where: \.isEmpty) else { return nil }
        self.text = text
        relation = last
        schema = parts.count == 2 ? parts[0] : nil
    }
}

/// An array in the server's text form (https://www.postgresql.org/docs/15/arrays.html#ARRAYS-IO).
func arrayText(_ elements: [String?]) -> String {
    let texts = elements.map { element in
        guard let element else { return "NULL" }
        return "\"" + element.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
    return "{" + texts.joined(separator: ",") + "}"
}
