import Alerting
import ArgumentParser
import Receivers
import Synchronization

struct NotifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "notify", abstract: "Try out who is told of alerts.", subcommands: [Test.self])

    struct Test: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Send a marked test to every way of a receiver, and its end where ends are sent; exit 1 when one fails.",
            discussion: "Goes there directly, past routes, mutes and queues. No running Vitals is needed.")

        @Argument(help: "The receiver's name in alerting.receivers.")
        var receiver: String

        @Option(name: .customLong("config.file"), help: "The configuration file (YAML).")
        var configFile: String?

        func run() async throws {
            let settings = try Settings(
                ServeOptions.parse(configFile.map { ["--config.file", $0] } ?? []), environment: .current())
            let receivers = try ReceiverSet(settings.configuration.alerting, externalURL: settings.externalURL)
            let ways = receivers.pagers.filter { $0.receiver == receiver }.map(AnsweringNotifier.init)
            guard !ways.isEmpty else { throw Findings(all: [unknown(settings, receivers)]) }
            var isFailure = false
            for outcome in await TestPage.deliver(to: receiver, of: ways, now: unixMilliseconds()) {
                let answers = ways.first { $0.name == outcome.name }?.answers ?? []
                for (what, answer) in answers { print(settings.secrets.redacting("\(outcome.name): \(what): \(answer)")) }
                if let error = outcome.error {
                    isFailure = true
                    print(settings.secrets.redacting("\(outcome.name): FAILED: \(error)"))
                }
            }
            if isFailure { throw ExitCode(1) }
        }

        private func unknown(_ settings: Settings, _ receivers: ReceiverSet) -> Finding {
            let names = settings.configuration.alerting.receivers.map(\.name)
            guard names.contains(receiver) else {
                return Finding(
                    receiver,
                    "there is no receiver of this name; known: \(names.isEmpty ? "none" : names.joined(separator: ", "))"
                        + (configFile == nil ? " (no --config.file was given)" : ""))
            }
            return Finding(receiver, "the receiver is empty: nobody is behind it")
        }
    }
}

/// Keeps what the receiver answered.
private final class AnsweringNotifier: PageNotifier {
    private let notifier: any TestableNotifier
    private let kept = Mutex<[(String, String)]>([])

    init(_ notifier: any TestableNotifier) { self.notifier = notifier }

    var name: String { notifier.name }
    var receiver: String { notifier.receiver }
    var sendsResolved: Bool { notifier.sendsResolved }
    var answers: [(what: String, answer: String)] { kept.withLock { $0.map { ($0.0, $0.1) } } }

    func deliver(_ page: Page) async throws(NotifyError) {
        let answer = try await notifier.answer(to: page)
        kept.withLock { $0.append((page.isResolved ? "resolved" : "firing", answer)) }
    }
}
