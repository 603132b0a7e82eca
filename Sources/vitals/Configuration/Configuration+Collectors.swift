import Postgres
import Sampling

extension Configuration {
    /// Adds a Postgres target for each source that is not there yet. One is called `postgres`; several, and one beside another of that name, by their
    /// place.
    /// pg_exporter watches a PgBouncer where its address is that of the admin console.
    mutating func addDataSources(_ sources: [DataSources.Source]) {
        for source in sources where source.isConsole {
            targets.append(TargetConfiguration(kind: .pgbouncer, name: "pgbouncer", url: source.address))
        }
        let new = sources.filter { source in
            !source.isConsole && !targets.contains { $0.kind == .postgres && $0.url == source.address }
        }
        for source in new {
            var name = "postgres"
            if new.count > 1 || targets.contains(where: { $0.name == name }) { name = Configuration.place(of: source) }
            var number = 1
            let first = name
            while targets.contains(where: { $0.name == name }) {
                number += 1
                name = "\(first)-\(number)"
            }
            targets.append(TargetConfiguration(kind: .postgres, name: name, url: source.address))
        }
    }

    /// `host:port/database`
    private static func place(of source: DataSources.Source) -> String {
        do {
            let address = try PostgresConfiguration(source.address)
            return address.instance + (address.database.map { "/\($0)" } ?? "")
        } catch {
            return "postgres"
        }
    }

    /// A flag speaks to every target whose kind has the collector. Flags over the file.
    mutating func switchCollectors(_ options: CollectorOptionGroup) {
        for place in targets.indices {
            let known = knownCollectors(targets[place].kind)
            for flag in options.switches where known.contains(flag.name) { targets[place].collectors[flag.name] = flag.isOn }
            guard options.areDefaultsOff else { continue }
            for name in known where targets[place].collectors[name] == nil { targets[place].collectors[name] = false }
        }
    }
}
