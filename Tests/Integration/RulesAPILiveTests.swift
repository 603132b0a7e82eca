import FoundationEssentials
import Support
import Testing

/// `/api/v1/rules` and `/api/v1/alerts` beside a real Prometheus that has the same rule file.
@Suite struct RulesAPILiveTests {
    @Test("Rules have the fields, the types and, where it is the file that decides, the values that Prometheus gives them")
    func rules() async throws {
        let stage = try await LiveStage.get()
        let ours = try await Self.groups(stage.vitals.url)
        let theirs = try await Self.groups(stage.prometheus.url)
        #expect(!theirs.isEmpty)
        for group in theirs {
            let name = try #require(group["name"])
            let own = try #require(ours.first { $0["name"] == name }, "\(name)")
            #expect(own.shape == group.shape, "\(name)")
            let (ownRules, rules) = (own["rules"]?.list ?? [], group["rules"]?.list ?? [])
            #expect(ownRules.count == rules.count && !rules.isEmpty, "\(name)")
            for (own, rule) in zip(ownRules, rules) {
                for key in ["name", "query", "duration", "keepFiringFor", "labels", "annotations", "type", "health"] {
                    #expect(own[key] == rule[key], "\(name): \(key)")
                }
                #expect(own.shape == rule.shape, "\(name)")
            }
        }
    }

    @Test("An alert has Prometheus' fields, and what the rule decides is the same")
    func alerts() async throws {
        let stage = try await LiveStage.get()
        let ours = try await Self.data(stage.vitals.url + "/api/v1/alerts")["alerts"]?.list ?? []
        let theirs = try await Self.data(stage.prometheus.url + "/api/v1/alerts")["alerts"]?.list ?? []
        func watchdog(_ alerts: [JSON]) throws -> JSON {
            try #require(alerts.first { $0["labels"]?["alertname"] == .string("Watchdog") })
        }
        let (own, other) = (try watchdog(ours), try watchdog(theirs))
        #expect(own.shape == other.shape)
        for key in ["labels", "state", "value"] { #expect(own[key] == other[key], "\(key)") }
    }

    @Test("Page by page come all groups, each once, in the order of the whole")
    func pages() async throws {
        let stage = try await LiveStage.get()
        let all = try await Self.groups(stage.vitals.url).compactMap { $0["name"] }
        var seen: [JSON] = []
        var token = ""
        repeat {
            let suffix = token.isEmpty ? "" : "&group_next_token=\(token)"
            let page = try await Self.data(stage.vitals.url + "/api/v1/rules?exclude_alerts=true&group_limit=2" + suffix)
            let names = (page["groups"]?.list ?? []).compactMap { $0["name"] }
            #expect((1...2).contains(names.count))
            seen += names
            if case .string(let next)? = page["groupNextToken"] { token = next } else { token = "" }
        } while !token.isEmpty && seen.count <= all.count
        #expect(seen == all)
    }

    private static func groups(_ url: String) async throws -> [JSON] {
        try await data(url + "/api/v1/rules")["groups"]?.list ?? []
    }

    private static func data(_ url: String) async throws -> JSON {
        let answer = try await fetch(url)
        guard answer.status == 200, let data = try JSONDecoder().decode(JSON.self, from: Data(answer.body))["data"] else {
            throw SupportError("\(url): \(answer.status) \(answer.text)")
        }
        return data
    }
}

/// Any JSON.
private enum JSON: Decodable, Equatable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSON].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSON].self))
        }
    }

    subscript(key: String) -> JSON? {
        if case .object(let members) = self { members[key] } else { nil }
    }

    var list: [JSON] {
        if case .array(let elements) = self { elements } else { [] }
    }

    /// The keys of an object, each with the kind of its value.
    var shape: [String] {
        guard case .object(let members) = self else { return [] }
        return members.map { key, value in
            let kind =
                switch value {
                case .null: "null"
                case .bool: "bool"
                case .number: "number"
                case .string: "string"
                case .array: "array"
                case .object: "object"
                }
            return "\(key): \(kind)"
        }.sorted()
    }
}
