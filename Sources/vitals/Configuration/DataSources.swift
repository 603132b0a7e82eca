import Postgres

/// The servers that postgres_exporter's and pg_exporter's variables name: `DATA_SOURCE_NAME`, or `DATA_SOURCE_URI` with `_USER` and `_PASS`, each also
/// as `_FILE`; and `PG_EXPORTER_URL`.
struct DataSources {
    struct Source: Equatable {
        let variable: String
        /// As libpq reads it; with its credentials.
        let address: String
        /// The admin console of a PgBouncer, by the name of its database.
        let isConsole: Bool
    }

    let environment: Environment

    /// Throws a finding for each that cannot be used. What came out of them and must never be printed goes to `secrets`.
    func read(_ secrets: Secrets) throws(Findings) -> [Source] {
        var findings: [Finding] = []
        var sources: [Source] = []
        for (variable, text) in try texts(secrets) {
            do throws(PostgresError) {
                let address = try GoConnectionString.libpq(text)
                secrets.add(passwordInAddress(text))
                secrets.add(passwordInAddress(address))
                let configuration = try PostgresConfiguration(address)
                secrets.add(configuration.givenPassword)
                let isConsole = variable == "PG_EXPORTER_URL" && configuration.database == "pgbouncer"
                sources.append(Source(variable: variable, address: address, isConsole: isConsole))
            } catch {
                findings.append(Finding(variable, error.message))
            }
        }
        guard findings.isEmpty else { throw Findings(all: findings) }
        return sources
    }

    private func texts(_ secrets: Secrets) throws(Findings) -> [(String, String)] {
        var texts: [(String, String)] = []
        if let names = try value("DATA_SOURCE_NAME") {
            texts += GoConnectionString.list(names).map { ("DATA_SOURCE_NAME", $0) }
        } else if let uri = try value("DATA_SOURCE_URI") {
            let user = try value("DATA_SOURCE_USER") ?? ""
            let password = try value("DATA_SOURCE_PASS") ?? ""
            secrets.add(password.isEmpty ? nil : password)
            let place = uri.firstRange(of: "://").map { String(uri[$0.upperBound...]) } ?? uri
            var userinfo = GoConnectionString.percentEncoded(user)
            if !password.isEmpty { userinfo += ":" + GoConnectionString.percentEncoded(password) }
            texts.append(("DATA_SOURCE_URI", "postgresql://" + (userinfo.isEmpty ? "" : userinfo + "@") + place))
        }
        if let url = try value("PG_EXPORTER_URL") { texts.append(("PG_EXPORTER_URL", url)) }
        return texts
    }

    /// A file wins over the variable itself, as in postgres_exporter.
    private func value(_ name: String) throws(Findings) -> String? {
        guard let path = environment[name + "_FILE"] else { return environment[name] }
        let text = try secretFile(path, place: name + "_FILE")
        return text.split(whereSeparator: \.isWhitespace).isEmpty ? nil : text.trimmed
    }
}

extension String {
    /// Without blanks and line ends around it.
    fileprivate var trimmed: String {
        var text = self[...].drop(while: \.isWhitespace)
        while let last = text.last, last.isWhitespace { text = text.dropLast() }
        return String(text)
    }
}
