public import MetricsModel

/// What one receiver is told at once: the alerts of one group of its route, as Alertmanager groups them
/// (https://prometheus.io/docs/alerting/latest/notifications/#data).
public struct Page: Sendable, Hashable {
    /// Names the group for as long as the routes stay as they are: `{}/{severity="page"}:{alertname="DatabaseDown"}`.
    public let groupKey: String
    /// The labels by which the route groups, with the values of this group.
    public let groupLabels: Labels
    /// The receiver's name in the configuration.
    public let receiver: String
    /// Firing and resolved, in the order of their start, then of their labels; at least one.
    public let alerts: [Notification]

    public init(groupKey: String, groupLabels: Labels, receiver: String, alerts: [Notification]) {
        self.groupKey = groupKey
        self.groupLabels = groupLabels
        self.receiver = receiver
        self.alerts = alerts
    }

    /// Whether every alert of the group is over.
    public var isResolved: Bool { alerts.allSatisfy(\.isResolved) }
}

/// One way to a person or a program behind a receiver's name: a webhook, PagerDuty, Slack.
public protocol PageNotifier: Sendable {
    /// Names it in metrics and on disk: unique over all receivers, without credentials: `oncall/pagerduty[0]`.
    var name: String { get }
    /// The receiver of the configuration to which it belongs.
    var receiver: String { get }
    /// Whether it wants to hear of alerts that are over (`send_resolved`).
    var sendsResolved: Bool { get }
    /// Delivers or throws. A cancelled task ends it soon.
    func deliver(_ page: Page) async throws(NotifyError)
}
