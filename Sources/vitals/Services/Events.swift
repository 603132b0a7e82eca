import Alerting
import Logging
import Records
import Sampling

// Changes of state in the rooms, as lines of the log.

extension Logger {
    func report(_ event: RuleEvent) {
        switch event {
        case .ruleFailed(let group, let rule, let error):
            warning("rule fails", metadata: ["group": "\(group)", "rule": "\(rule)", "err": "\(error)"])
        case .ruleRecovered(let group, let rule):
            info("rule works again", metadata: ["group": "\(group)", "rule": "\(rule)"])
        case .stateNotSaved(let group, let error):
            complain("alert states are not kept over a restart", group, error)
        case .stateNotRestored(let group, let error):
            complain("alert states of the last run are lost", group, error)
        }
    }

    private func complain(_ message: Logger.Message, _ group: String, _ reason: String) {
        error(message, metadata: ["group": "\(group)", "err": "\(reason)"])
    }

    func report(_ event: OutboxEvent) {
        switch event {
        case .receiverFailing(let name, let error):
            warning("receiver does not take notifications", metadata: ["receiver": "\(name)", "err": "\(error)"])
        case .receiverRecovered(let name):
            info("receiver takes notifications again", metadata: ["receiver": "\(name)"])
        case .notificationsRefused(let name, let count, let error):
            self.error(
                "receiver refused notifications",
                metadata: ["receiver": "\(name)", "count": "\(count)", "err": "\(error)"])
        case .notificationsDropped(let name, let count):
            self.error(
                "the oldest notifications of a full queue were dropped", metadata: ["receiver": "\(name)", "count": "\(count)"])
        case .journalFailed(let name, let error):
            self.error("notifications are not kept over a restart", metadata: ["receiver": "\(name)", "err": "\(error)"])
        }
    }

    /// `error` nil: pings arrive again.
    func report(heartbeat: String, _ error: NotifyError?) {
        if let error {
            warning("heartbeat does not arrive", metadata: ["heartbeat": "\(heartbeat)", "err": "\(error)"])
        } else {
            info("heartbeat arrives again", metadata: ["heartbeat": "\(heartbeat)"])
        }
    }

    func report(_ event: RecordEvent) {
        if event.isProblem { warning("\(event)") } else { info("\(event)") }
    }

    /// For a target's own lines.
    func lines(of target: String) -> LogLine {
        var logger = self
        logger[metadataKey: "target"] = "\(target)"
        return { [logger] level, message in
            switch level {
            case .info: logger.info("\(message)")
            case .warning: logger.warning("\(message)")
            case .error: logger.error("\(message)")
            }
        }
    }
}
