import ArgumentParser
import Demo
import Glibc
import Logging
import Postgres
import Records

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Run on a private Postgres and Redis under the storage path, with an application at work on them.")

    @OptionGroup var options: ServeOptions

    func run() async throws {
        let storage = absolutePath(options.storagePath)
        let folder = storage + "/demo"
        say("Starting a private Postgres and Redis under \(folder) …")
        try makeFolder(folder)
        let postgres = try await PrivatePostgres.start(PrivatePostgres.Options(directory: folder + "/postgres"))
        do {
            let redis = try await PrivateRedis.start(PrivateRedis.Options(directory: folder + "/redis"))
            do {
                try await run(on: postgres, redis, folder: folder)
            } catch {
                await redis.stop()
                throw error
            }
            await redis.stop()
        } catch {
            await postgres.stop()
            throw error
        }
        await postgres.stop()
        say("Everything that the demo started has ended.")
    }

    private func run(on postgres: PrivatePostgres, _ redis: PrivateRedis, folder: String) async throws {
        let targets = [
            TargetConfiguration(kind: .postgres, name: "postgres", url: postgres.url),
            TargetConfiguration(kind: .redis, name: "redis", url: redis.url),
        ]
        // The demo's own servers, whatever the environment says.
        let environment = Environment([:])
        var settings = try Settings(options, environment: environment, extraTargets: targets)
        settings.configuration.queues.append(
            Configuration.QueueConfiguration(
                name: DemoApplication.queueName, type: "list", key: DemoApplication.queueKey,
                failedKey: DemoApplication.failedKey, activeKey: DemoApplication.activeKey, database: 0, target: "redis"))
        settings.bootstrapLogging()
        try await migrate(postgres.url)
        let application = try await DemoApplication.start(on: postgres, redis, directory: folder + "/application")
        let runtime = try await Runtime(settings, environment: environment, options: options)
        let work = Task { await application.run() }
        do {
            try await runtime.run()
        } catch {
            work.cancel()
            await application.stop()
            throw error
        }
        work.cancel()
        await application.stop()
    }

    private func migrate(_ url: String) async throws {
        let readiness = try Readiness()
        defer { readiness.stop() }
        let session = PostgresSession(try PostgresConfiguration(url, applicationName: "vitals demo"), readiness: readiness)
        let applied = try await Migrator(session).up()
        for migration in applied { say("applied \(migration.version) \(migration.name)") }
        await session.close()
    }
}

/// `path` from the root; Postgres and Redis run in folders of their own.
private func absolutePath(_ path: String) -> String {
    guard !path.hasPrefix("/") else { return path }
    var buffer = [CChar](repeating: 0, count: 4_096)
    guard let current = getcwd(&buffer, buffer.count) else { return path }
    return String(cString: current) + "/" + path
}
