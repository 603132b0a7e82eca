/// What the checks at the start found (U1): everything that is wrong, each with what to do about it.
public struct StartupReport: Sendable, Equatable {
    /// Whether the database could be reached and logged in to.
    public let database: Bool
    /// Whether every variable that is needed is set and usable.
    public let environmentVariables: Bool
    /// Whether the tables that Vitals writes to are there.
    public let tables: Bool
    /// One sentence for each thing that is wrong, with what to do.
    public let errors: [String]

    public var success: Bool { errors.isEmpty }

    /// `databaseErrors` are the reasons why databases did not answer, `missingVariables` names with what they are for,
    /// `missingTables` the tables that are not there. None of them may hold a secret.
    public init(
        databaseErrors: [(target: String, reason: String)], missingVariables: [(name: String, purpose: String)],
        missingTables: [(name: String, remedy: String)]
    ) {
        database = databaseErrors.isEmpty
        environmentVariables = missingVariables.isEmpty
        tables = missingTables.isEmpty
        errors =
            databaseErrors.map {
                "database '\($0.target)': \($0.reason); check that the server runs and that the target's address and credentials are right"
            } + missingVariables.map { "environment variable \($0.name) is not set: \($0.purpose)" }
            + missingTables.map { "table \($0.name) is missing: \($0.remedy)" }
    }

    /// `{"success":…,"errors":[…],"checks":{"database":…,"envVars":…,"tables":…}}`
    public var json: String {
        var json = JSONWriter()
        json.object { json in
            json.member("success", success)
            json.key("errors")
            json.array { json in
                for error in errors { json.value(error) }
            }
            json.key("checks")
            json.object { json in
                json.member("database", database)
                json.member("envVars", environmentVariables)
                json.member("tables", tables)
            }
        }
        return String(decoding: json.bytes, as: UTF8.self)
    }
}
