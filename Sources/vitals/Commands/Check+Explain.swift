import Postgres
import Sampling

extension Check.Config {
    /// Looks at every Postgres of the configuration and prints what would be asked of it.
    func explain(_ settings: Settings) async throws {
        let readiness = try Readiness()
        defer { readiness.stop() }
        for target in settings.configuration.targets {
            guard target.kind == .postgres else {
                let on = knownCollectors(target.kind).filter { target.collectors[$0] ?? true }
                say("\(target.name): \(target.kind.rawValue), collectors: \(on.joined(separator: ", "))")
                continue
            }
            let address = try PostgresConfiguration(target.url, applicationName: "vitals check")
            let choices = try PostgresTargetSettings(target, settings, instance: address.exporterInstance)
            let server = PostgresTarget(
                identity: TargetIdentity(name: target.name, kind: .postgres, instance: address.instance),
                session: PostgresSession(address, readiness: readiness), settings: choices, now: unixMilliseconds,
                log: { _, _ in })
            let text = ExplanationText(target: target.name, custom: settings.collectors.of(target.name), showsSQL: showsSQL)
            let lines: [String]
            do throws(PostgresError) {
                lines = text.lines(try await server.explain(by: .now + .seconds(10)))
            } catch {
                lines = text.lines(PostgresOutline(choices), without: error.description)
            }
            await server.close()
            for line in lines { say(settings.secrets.redacting(line)) }
        }
    }
}
