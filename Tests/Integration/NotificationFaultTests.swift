import Demo
import FoundationEssentials
import Glibc
import Support
import Testing

/// What arrives when senders and receivers die, freeze and lose each other. `VITALS_SOAK=N` makes N rounds instead of a few;
/// `VITALS_SEED` repeats a run.
@Suite(.serialized) struct NotificationFaultTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let soakRounds = environment["VITALS_SOAK"].flatMap { Int($0) }
    private static let seed = environment["VITALS_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 1...1_000_000)

    /// A Vitals with its way to the Alertmanager.
    private final class Sender {
        let name: String
        let proxy: FaultProxy
        let directory: TemporaryDirectory
        let configuration: String
        var vitals: RunningVitals

        init(_ name: String, _ alerts: QueueAlerts, alertmanager port: Int) async throws {
            self.name = name
            proxy = try FaultProxy(to: port)
            directory = try TemporaryDirectory()
            configuration = try alerts.configuration(
                alerting: "alertmanagers: [{url: \"http://127.0.0.1:\(proxy.port)\", timeout: 1s}]")
            vitals = try await RunningVitals.serve(in: directory, configuration: configuration)
        }

        func start() async throws { vitals = try await RunningVitals.serve(in: directory, configuration: configuration) }

        func stop() async {
            await vitals.stop()
            proxy.stop()
        }
    }

    private enum Fault: CaseIterable {
        case killVitals, restartVitals, freezeVitals, partition, slow
        case killAlertmanager, restartAlertmanager, freezeAlertmanager
    }

    @Test(
        "Two Vitals and an Alertmanager, each killed, frozen, restarted and cut off: every alert pages once, and its end once",
        .timeLimit(.minutes(60)))
    func everyPageOnce() async throws {
        let rounds = Self.soakRounds ?? 8
        var random = SeededGenerator(seed: Self.seed)
        let hook = try HTTPStub()
        defer { hook.stop() }
        let alerts = try await QueueAlerts.start(rounds)
        let place = try TemporaryDirectory()
        let port = try freePort()
        // A group for each alert; its memory of what it paged on disk every second, so that a kill does not cost it.
        let route = """
            route: {receiver: hook, group_by: [queue], group_wait: 0s, group_interval: 3s, repeat_interval: 4h}
            receivers: [{name: hook, webhook_configs: [{url: "\(hook.url)/"}]}]
            """
        func startAlertmanager() async throws -> PrivateServer {
            try await PrivateServer.alertmanager(route, port: port, in: place, extra: ["--data.maintenance-interval=1s"])
        }
        var alertmanager = try await startAlertmanager()
        let senders = [
            try await Sender("first", alerts, alertmanager: port), try await Sender("second", alerts, alertmanager: port),
        ]
        var faults: [Fault] = []
        var history: [String] = []

        func pause(_ range: ClosedRange<Double>) async throws {
            try await Task.sleep(for: .seconds(Double.random(in: range, using: &random)))
        }
        func hasArrived(_ number: Int, _ status: String) throws -> Bool {
            try Paged.all(at: hook).contains { $0.paged.queue == QueueAlerts.name(number) && $0.paged.status == status }
        }
        func arrives(_ number: Int, _ status: String) async throws {
            let arrived = try await eventually(within: .seconds(90)) { try hasArrived(number, status) }
            #expect(arrived, "seed \(Self.seed), after \(history): \(QueueAlerts.name(number)) \(status) never came")
        }
        /// While it lasts, an alert begins or ends.
        func during(_ fault: Fault, _ change: () async throws -> Void) async throws {
            let sender = senders[Int.random(in: 0..<2, using: &random)]
            history.append("\(fault) \(sender.name)")
            switch fault {
            case .killVitals, .restartVitals:
                if fault == .killVitals { await sender.vitals.process.killAndWait() } else { await sender.vitals.stop() }
                try await change()
                try await pause(0...1.5)
                try await sender.start()
            case .freezeVitals:
                sender.vitals.process.freeze()
                try await change()
                try await pause(0.3...2)
                sender.vitals.process.thaw()
            case .partition, .slow:
                sender.proxy.set(
                    fault == .slow ? .delay(.milliseconds(300)) : [.blackHole, .refuse].randomElement(using: &random) ?? .refuse)
                sender.proxy.cut()
                try await change()
                try await pause(0.3...2.5)
                sender.proxy.set(.none)
                sender.proxy.cut()
            case .killAlertmanager:
                // What it paged in the second before would be forgotten, and paged again: that is its own promise.
                try await Task.sleep(for: .seconds(2.5))
                await alertmanager.process.killAndWait()
                try await change()
                try await pause(0...1.5)
                alertmanager = try await startAlertmanager()
            case .restartAlertmanager:
                await alertmanager.stop()
                try await change()
                try await pause(0...1)
                alertmanager = try await startAlertmanager()
            case .freezeAlertmanager:
                alertmanager.process.freeze()
                try await change()
                try await pause(0.3...2)
                alertmanager.process.thaw()
            }
        }
        do {
            for round in 0..<rounds {
                // Each kind once before any comes twice.
                if faults.isEmpty { faults = Fault.allCases.shuffled(using: &random) }
                let fault = faults.removeLast()
                try await during(fault) {
                    if round > 0 { try await alerts.resolve(round - 1) }
                    try await pause(0...0.8)
                    try await alerts.fire(round)
                }
                try await arrives(round, "firing")
                if round > 0 { try await arrives(round - 1, "resolved") }
            }
            try await alerts.resolve(rounds - 1)
            try await arrives(rounds - 1, "resolved")
            // What comes twice comes soon: with the next flush of its group.
            try await Task.sleep(for: .seconds(4))
            let all = try Paged.all(at: hook).map { "\($0.paged)" }
            let expected = (0..<rounds).flatMap { ["\(QueueAlerts.name($0)) firing", "\(QueueAlerts.name($0)) resolved"] }
            #expect(Set(all) == Set(expected), "seed \(Self.seed)")
            let twice = Dictionary(grouping: all) { $0 }.filter { $0.value.count > 1 }.keys.sorted()
            #expect(twice == [], "seed \(Self.seed), after \(history): \(all)")
        } catch {
            Issue.record("seed \(Self.seed), after \(history): \(error)")
        }
        for sender in senders { await sender.stop() }
        await alertmanager.stop()
        await alerts.stop()
    }

    @Test(
        "A Vitals with a web hook, killed at random moments: no page is lost, and one is doubled only by a kill between its arrival and its record",
        .timeLimit(.minutes(60)))
    func directHook() async throws {
        let rounds = Self.soakRounds ?? 8
        var random = SeededGenerator(seed: Self.seed)
        let hook = try HTTPStub()
        defer { hook.stop() }
        let alerts = try await QueueAlerts.start(rounds)
        let directory = try TemporaryDirectory()
        let configuration = try alerts.configuration(
            alerting: """
                route: {receiver: hook, group_by: [queue], group_wait: 0s, group_interval: 1s}
                receivers: [{name: hook, webhook_configs: [{url: "\(hook.url)/", timeout: 2s}]}]
                """)
        var vitals = try await RunningVitals.serve(in: directory, configuration: configuration)
        var kills: [ContinuousClock.Instant] = []
        do {
            for round in 0..<rounds {
                if round > 0 { try await alerts.resolve(round - 1) }
                try await alerts.fire(round)
                // Sampled, evaluated, queued, sent, recorded: the kill falls anywhere.
                try await Task.sleep(for: .seconds(Double.random(in: 0...1.6, using: &random)))
                kills.append(.now)
                await vitals.process.killAndWait()
                kills.append(.now)
                vitals = try await RunningVitals.serve(in: directory, configuration: configuration)
                let arrived = try await eventually(within: .seconds(30)) {
                    let all = Set(try Paged.all(at: hook).map { "\($0.paged)" })
                    return all.contains("\(QueueAlerts.name(round)) firing")
                        && (round == 0 || all.contains("\(QueueAlerts.name(round - 1)) resolved"))
                }
                let seen = try Paged.all(at: hook).map(\.paged)
                #expect(arrived, "seed \(Self.seed), round \(round): \(seen)")
            }
            try await alerts.resolve(rounds - 1)
            #expect(
                try await eventually(within: .seconds(20)) {
                    try Paged.all(at: hook).contains { "\($0.paged)" == "\(QueueAlerts.name(rounds - 1)) resolved" }
                })
            try await Task.sleep(for: .seconds(2))
            let all = try Paged.all(at: hook)
            for (paged, copies) in Dictionary(grouping: all, by: { "\($0.paged)" }) where copies.count > 1 {
                // Twice is what a crash at the worst moment costs; then the first came right before the kill.
                let first = try #require(copies.first)
                let isExcused = copies.count == 2 && kills.contains { $0 > first.at && $0 - first.at < .milliseconds(500) }
                #expect(isExcused, "seed \(Self.seed): \(paged) came \(copies.count) times")
                #expect(Set(copies.map(\.paged)).count == 1, "the hook can't tell that it is the same")
            }
            // The end never comes before the beginning.
            for round in 0..<rounds {
                let statuses = all.map(\.paged).filter { $0.queue == QueueAlerts.name(round) }.map(\.status)
                #expect(statuses.first == "firing" && statuses.last == "resolved", "seed \(Self.seed): \(statuses)")
            }
        } catch {
            Issue.record("seed \(Self.seed): \(error)")
        }
        await vitals.stop()
        await alerts.stop()
    }
}
