import Alerting
import AsyncHTTPClient
import Receivers

/// The receivers, routes and heartbeats of a configuration, ready to be used.
struct ReceiverSet: Sendable {
    let alertmanagers: [any Notifier]
    let pagers: [any TestableNotifier]
    let routing: Routing
    let heartbeats: [Heartbeat.Settings]

    /// Lives as long as the process, as the library's own shared client does; that one would wait for a receiver that is not there.
    static let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: HTTPSender.clientConfiguration)

    /// - Parameter externalURL: where people reach Vitals, for links in pages.
    /// - Throws: a finding for each receiver that can't be used.
    init(_ configuration: Configuration.AlertingConfiguration, externalURL: String) throws(Findings) {
        var findings: [Finding] = []
        var alertmanagers: [any Notifier] = []
        for alertmanager in configuration.alertmanagers {
            do {
                let made = try AlertmanagerNotifier(
                    url: alertmanager.url, credentials: alertmanager.http.credentials, timeout: alertmanager.http.timeout,
                    client: Self.client)
                if alertmanagers.contains(where: { $0.name == made.name }) {
                    findings.append(Finding("alerting.alertmanagers", "\(made.name) is there twice"))
                }
                alertmanagers.append(made)
            } catch {
                findings.append(Finding("alerting.alertmanagers", error.description))
            }
        }
        var pagers: [any TestableNotifier] = []
        for receiver in configuration.receivers {
            func place(_ index: Int) -> ReceiverPlace {
                ReceiverPlace(receiver: receiver.name, index: index, externalURL: externalURL, client: Self.client)
            }
            for (index, settings) in receiver.webhooks.enumerated() {
                pagers.append(WebhookNotifier(settings, place: place(index)))
            }
            for (index, settings) in receiver.pagerDuty.enumerated() {
                pagers.append(PagerDutyNotifier(settings, place: place(index)))
            }
            for (index, settings) in receiver.slack.enumerated() { pagers.append(SlackNotifier(settings, place: place(index))) }
        }
        do {
            routing = try configuration.routing.made()
        } catch {
            throw Findings(all: findings + [Finding("alerting.route", error.description)])
        }
        guard findings.isEmpty else { throw Findings(all: findings) }
        self.alertmanagers = alertmanagers
        self.pagers = pagers
        heartbeats = configuration.heartbeats
    }
}
