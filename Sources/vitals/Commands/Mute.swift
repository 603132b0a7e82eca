import Alerting
import ArgumentParser
import Glibc
import MetricsModel
import NIOHTTP1
import Records
import YAML

struct MuteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mute", abstract: "Tell nobody of some alerts for some time: set, list and end mutes of a running Vitals.",
        discussion: "Mutes hold for the receivers behind routes; an Alertmanager has silences of its own.",
        subcommands: [Set.self, List.self, End.self], defaultSubcommand: Set.self)

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set a mute; prints its id.",
            discussion: "vitals mute --reason 'disk is being replaced' --for 2h alertname=DatabaseDown 'instance=~\"db-1.*\"'")

        @OptionGroup var server: ServerOptions

        @Option(help: "Who mutes. Default: the user of this session.")
        var author: String?

        @Option(help: "Why; the next person reads it.")
        var reason: String

        @Option(name: .customLong("for"), help: "How long, as a Prometheus duration: 2h, 1d12h.")
        var duration: String?

        @Option(help: "Until when, as RFC 3339: 2026-11-22T08:00:00Z.")
        var until: String?

        @Argument(help: "Matchers as Alertmanager writes them; all must hold: alertname=DatabaseDown 'job=~\"api|web\"'.")
        var matchers: [String] = []

        func run() async throws {
            let now = unixMilliseconds()
            var findings: [Finding] = []
            var end: Int64?
            switch (duration, until) {
            case (let text?, nil):
                do {
                    end = now + (try PrometheusDuration.parse(text)).milliseconds
                    if end == now { findings.append(Finding("--for", "must be longer than 0")) }
                } catch {
                    findings.append(Finding("--for", error.message))
                }
            case (nil, let text?):
                end = Timestamp.milliseconds(rfc3339: text)
                if end == nil { findings.append(Finding("--until", "'\(text)' is no time such as 2026-11-22T08:00:00Z")) }
                if let end, end <= now { findings.append(Finding("--until", "\(text) is over")) }
            case (nil, nil): findings.append(Finding("vitals mute", "a mute needs an end: --for 2h, or --until"))
            case (_?, _?): findings.append(Finding("vitals mute", "--for and --until are both there; keep one"))
            }
            var parsed = Matchers.none
            do {
                parsed = try Matchers(parsing: matchers)
                if parsed.isEmpty { findings.append(Finding("vitals mute", "which alerts? for example alertname=DatabaseDown")) }
            } catch {
                findings.append(Finding("vitals mute", error.description))
            }
            guard findings.isEmpty, let end else { throw Findings(all: findings) }
            let body = JSONValue.object(
                JSONObject([
                    .init("matchers", .array(parsed.all.map(Self.json))),
                    .init("startsAt", .string(Timestamp.rfc3339(milliseconds: now))),
                    .init("endsAt", .string(Timestamp.rfc3339(milliseconds: end))),
                    .init("createdBy", .string(author ?? Self.user)), .init("comment", .string(reason)),
                ]))
            let answer = try await AdministrationClient(server).ask(.POST, "/api/v2/silences", body: body)
            print(MuteCommand.text(answer, "silenceID"))
        }

        private static func json(_ matcher: LabelMatcher) -> JSONValue {
            .object(
                JSONObject([
                    .init("name", .string(matcher.name)), .init("value", .string(matcher.value)),
                    .init("isRegex", .bool(matcher.op == .regex || matcher.op == .notRegex)),
                    .init("isEqual", .bool(matcher.op == .equal || matcher.op == .regex)),
                ]))
        }

        private static var user: String {
            Environment.current()["USER"] ?? getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) } ?? "\(getuid())"
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List mutes; those that have ended too with --all.")

        @OptionGroup var server: ServerOptions

        @Flag(help: "Also those that have ended.")
        var all = false

        func run() async throws {
            guard case .array(let mutes) = try await AdministrationClient(server).ask(.GET, "/api/v2/silences") else { return }
            var rows = [["ID", "STATE", "UNTIL", "BY", "REASON", "ALERTS"]]
            for mute in mutes {
                guard case .object(let members) = mute, let status = members["status"] else { continue }
                let state = MuteCommand.text(status, "state")
                if state == "expired", !all { continue }
                rows.append(
                    [
                        MuteCommand.text(mute, "id"), state, MuteCommand.text(mute, "endsAt"),
                        MuteCommand.text(mute, "createdBy"),
                        MuteCommand.text(mute, "comment"), MuteCommand.matchers(members["matchers"]),
                    ])
            }
            guard rows.count > 1 else { return print("no mutes") }
            for row in rows {
                let cells = row.enumerated().map { column, text in
                    let width = rows.map { $0[column].count }.max() ?? 0
                    return column == row.count - 1 ? text : text + String(repeating: " ", count: width - text.count)
                }
                print(cells.joined(separator: "  "))
            }
        }
    }

    struct End: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "End mutes now.")

        @OptionGroup var server: ServerOptions

        @Argument(help: "Their ids.")
        var ids: [String]

        func run() async throws {
            let client = try AdministrationClient(server)
            var findings: [Finding] = []
            for id in ids {
                do throws(Findings) {
                    guard id.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || Character(Unicode.Scalar($0)).isHexDigit }) else {
                        throw Findings(all: [Finding(id, "this is no id of a mute; `vitals mute list` shows them")])
                    }
                    _ = try await client.ask(.DELETE, "/api/v2/silence/\(id)")
                } catch {
                    findings += error.all
                }
            }
            guard findings.isEmpty else { throw Findings(all: findings) }
        }
    }

    private static func text(_ json: JSONValue, _ name: String) -> String {
        guard case .object(let members) = json, case .string(let text)? = members[name] else { return "" }
        return text
    }

    private static func matchers(_ json: JSONValue?) -> String {
        guard case .array(let items)? = json else { return "" }
        return items.map { item in
            guard case .object(let members) = item else { return "" }
            func flag(_ name: String) -> Bool { if case .bool(true)? = members[name] { true } else { false } }
            let op = flag("isRegex") ? (flag("isEqual") ? "=~" : "!~") : (flag("isEqual") ? "=" : "!=")
            return "\(text(item, "name"))\(op)\(jsonQuoted(text(item, "value")))"
        }.joined(separator: " ")
    }
}
