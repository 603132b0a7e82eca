import Alerting
import MetricsModel
import Receivers

extension Configuration {
    /// Who is told of alerts, and how.
    struct AlertingConfiguration: Sendable {
        var alertmanagers: [AlertmanagerConfiguration] = []
        var receivers: [ReceiverConfiguration] = []
        var routing = RoutingConfiguration()
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

    /// Who is told of what.
    struct RoutingConfiguration: Sendable {
        /// nil: there are no receivers but Alertmanagers.
        var root: Route?
        var inhibitions = RoutingConfiguration.shippedInhibitions

        /// What holds without `inhibit_rules`: whoever is paged because a database is down need not be paged for what follows from
        /// it. In alerts/vitals.yml everything that is said of one database carries these labels.
        static let shippedInhibitions = [
            InhibitionRule(
                sources: Matchers([LabelMatcher("alertname", equals: "DatabaseDown")]),
                targets: Matchers([LabelMatcher("alertname", notEquals: "DatabaseDown")]), equal: ["job", "instance", "target"])
        ]

        /// Throws as the configuration's reading does; what was read has passed it.
        func made() throws(RoutingError) -> Routing {
            try Routing(root ?? Route(receiver: "none"), inhibitions: inhibitions)
        }
    }
}
