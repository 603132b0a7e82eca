import Alerting
import MetricsModel
import Receivers

extension Configuration {
    /// Who is told of alerts, and how.
    struct AlertingConfiguration: Sendable, Equatable {
        var alertmanagers: [AlertmanagerConfiguration] = []
        var receivers: [ReceiverConfiguration] = []
        var heartbeats: [Heartbeat.Settings] = []
        var externalLabels = Labels.empty
        /// Where people reach this Vitals: the base of links in pages and annotations.
        var externalURL: String?
        /// What becomes of an alert whose series are gone because their target does not answer.
        var targetDown = TargetDownPolicy.keep
    }

    struct AlertmanagerConfiguration: Sendable, Equatable {
        var url: String
        var http = HTTPSettings()
    }

    /// One name of the routes, with the ways to a person or a program behind it.
    struct ReceiverConfiguration: Sendable, Equatable {
        var name: String
        var webhooks: [WebhookNotifier.Settings] = []
        var pagerDuty: [PagerDutyNotifier.Settings] = []
        var slack: [SlackNotifier.Settings] = []
    }
}
