import ArgumentParser
import CMalloc
import Glibc

@main
struct Main {
    static func main() async {
        // A peer that closes its socket while it is written to is an error of that write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        // One malloc arena (mallopt(3)): what a second one per thread would save in waiting is nothing here, and it costs over a MiB.
        mallopt(M_ARENA_MAX, 1)
        do {
            var command = try Vitals.parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let findings as Findings {
            complain(findings.description)
            exit(1)
        } catch {
            let code = Vitals.exitCode(for: error)
            if code == .success {
                print(Vitals.fullMessage(for: error))
                exit(0)
            }
            if let wanted = error as? ExitCode { exit(wanted.rawValue) }
            complain(Vitals.fullMessage(for: error))
            // A wrong flag is bad input like any other: 1, not the parser's 64.
            exit(1)
        }
    }
}

struct Vitals: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vitals",
        abstract: "Samples Postgres and Redis, serves /metrics, evaluates alert rules and pages, and keeps system_health rows.",
        version: "vitals \(Build.version) (Swift \(Build.swiftVersion))",
        subcommands: [
            Serve.self, DemoCommand.self, Check.self, TestCommand.self, Replay.self, QueryCommand.self, Migrate.self,
            ListMetrics.self,
            MuteCommand.self, NotifyCommand.self,
        ])
}

/// Prints at once, also into a pipe.
func say(_ text: String) {
    print(text)
    fflush(nil)
}

/// Prints to standard error.
func complain(_ text: String) {
    let bytes = Array((text + "\n").utf8)
    // A closed standard error has no remedy.
    _ = write(STDERR_FILENO, bytes, bytes.count)
}

/// What was built.
enum Build {
    static let version = "0.1.0"

    #if compiler(>=6.4)
    static let swiftVersion = "6.4 or newer"
    #elseif compiler(>=6.3)
    static let swiftVersion = "6.3"
    #else
    static let swiftVersion = "6.2"
    #endif
}
