import Alerting
import MetricsModel
import YAML

/// The routes and inhibitions of the section `alerting`, with Alertmanager's names and rules.
extension ConfigurationFile {
    private static let noTimes = "times at which a route is muted are not supported; use `vitals mute`"

    /// The tree and what mutes what, and the receivers' names that the tree has to have.
    func routing(_ fields: YAMLFields, receivers: [String]) -> Configuration.RoutingConfiguration {
        var routing = Configuration.RoutingConfiguration()
        if let inhibitions = fields["inhibit_rules"] {
            routing.inhibitions = inhibitions.list(inhibition) ?? []
        } else if fields.has("inhibit_rules") {
            // There, and empty: wanted so.
            routing.inhibitions = []
        }
        guard let reader = fields["route"] else {
            if let receivers = fields["receivers"], receivers.elements()?.isEmpty == false {
                receivers.fail(
                    "'route' is missing beside the receivers: it says who is told of what; `route: {receiver: NAME}` sends all to one"
                )
            }
            return routing
        }
        guard let root = route(reader, receivers) else { return routing }
        do {
            // What holds between the parts of a tree.
            _ = try Routing(root)
            routing.root = root
        } catch {
            reader.fail(error.description)
        }
        return routing
    }

    private func route(_ reader: YAMLReader, _ receivers: [String]) -> Route? {
        let keys = [
            "receiver", "group_by", "group_wait", "group_interval", "repeat_interval", "matchers", "match", "match_re",
            "continue",
            "routes",
        ]
        let absent = ["mute_time_intervals": Self.noTimes, "active_time_intervals": Self.noTimes]
        guard let fields = reader.fields(keys, absent: absent) else { return nil }
        var route = Route()
        if let reader = fields["receiver"], let name = reader.nonEmptyString() {
            route.receiver = name
            if !receivers.contains(name) {
                reader.fail(
                    "there is no receiver '\(name)'; known: \(receivers.isEmpty ? "none" : receivers.joined(separator: ", "))")
            }
        }
        if let reader = fields["group_by"], let names = reader.list({ $0.nonEmptyString() }) {
            do {
                route.grouping = try Route.Grouping(names)
            } catch {
                reader.fail(error.description)
            }
        }
        route.groupWait = fields["group_wait"]?.duration()?.milliseconds
        route.groupInterval = fields["group_interval"].flatMap(positive)?.milliseconds
        route.repeatInterval = fields["repeat_interval"].flatMap(positive)?.milliseconds
        route.matchers = matchers(fields, "matchers", "match", "match_re")
        route.continues = fields["continue"]?.bool() ?? false
        route.routes = fields["routes"]?.list { self.route($0, receivers) } ?? []
        return route
    }

    private func inhibition(_ reader: YAMLReader) -> InhibitionRule? {
        let keys = [
            "name", "source_matchers", "target_matchers", "source_match", "source_match_re", "target_match", "target_match_re",
            "equal",
        ]
        guard let fields = reader.fields(keys) else { return nil }
        return InhibitionRule(
            sources: matchers(fields, "source_matchers", "source_match", "source_match_re"),
            targets: matchers(fields, "target_matchers", "target_match", "target_match_re"),
            equal: Set(fields["equal"]?.list { $0.nonEmptyString() } ?? []))
    }

    /// Matchers as texts, and in the two older forms that Alertmanager still reads.
    private func matchers(_ fields: YAMLFields, _ texts: String, _ equal: String, _ patterns: String) -> Matchers {
        var all: [LabelMatcher] = []
        func add(_ reader: YAMLReader, _ make: () throws(MatcherError) -> [LabelMatcher]) {
            do {
                all += try make()
            } catch {
                reader.fail(error.description)
            }
        }
        for reader in fields[texts]?.elements() ?? [] {
            guard let text = reader.string() else { continue }
            add(reader) { () throws(MatcherError) in try Matchers(parsing: [text]).all }
        }
        for (key, op) in [(equal, LabelMatcher.Operator.equal), (patterns, .regex)] {
            for (_, name, value) in fields[key]?.entries() ?? [] {
                guard let text = value.string() else { continue }
                add(value) { () throws(MatcherError) in [try Matchers.matcher(name, op, text)] }
            }
        }
        return Matchers(all)
    }
}
