internal import MetricsModel

/// A page that says that it is only a test, for one receiver.
public enum TestPage {
    /// What came of it at one way behind the receiver's name.
    public struct Outcome: Sendable {
        /// `PageNotifier.name`.
        public let name: String
        /// nil: delivered.
        public let error: NotifyError?
    }

    /// Tells every way of a receiver of an alert that fires, and those that hear of ends of its end at once: nothing stays open.
    /// Queues, routes and mutes have no part in it.
    ///
    /// - Parameter now: milliseconds since the epoch.
    /// - Returns: nothing when there is no such receiver.
    public static func deliver(to receiver: String, of pagers: [any PageNotifier], now: Int64) async -> [Outcome] {
        var outcomes: [Outcome] = []
        for pager in pagers where pager.receiver == receiver {
            do throws(NotifyError) {
                try await pager.deliver(page(receiver, isResolved: false, now: now))
                if pager.sendsResolved { try await pager.deliver(page(receiver, isResolved: true, now: now)) }
                outcomes.append(Outcome(name: pager.name, error: nil))
            } catch {
                outcomes.append(Outcome(name: pager.name, error: error))
            }
        }
        return outcomes
    }

    private static func page(_ receiver: String, isResolved: Bool, now: Int64) -> Page {
        let labels = Labels(["alertname": "VitalsTest", "severity": "info", "receiver": receiver])
        let alert = Notification(
            labels: labels,
            annotations: [
                Label("description", "Somebody asked Vitals to send this. Nothing is wrong."),
                Label("summary", "Test of receiver \(receiver): please ignore"),
            ], startsAt: now, endsAt: isResolved ? now : now + 60_000, isResolved: isResolved, generatorURL: "")
        return Page(
            groupKey: "{}/test:{receiver=\(goQuoted(receiver))}", groupLabels: Labels(["alertname": "VitalsTest"]),
            receiver: receiver, alerts: [alert])
    }
}
