import Alerting
import AsyncHTTPClient
import FoundationEssentials
import MetricsModel
import Testing

@testable import Receivers

/// 2026-11-21T00:05:46.176Z
let began: Int64 = 1_795_219_546_176

func alert(
    _ labels: [String: String], annotations: [(String, String)] = [], resolvedAfter: Int64? = nil, generatorURL: String = ""
) -> Notification {
    Notification(
        labels: Labels(labels), annotations: annotations.map { Label($0, $1) }, startsAt: began,
        endsAt: began + (resolvedAfter ?? 240_000), isResolved: resolvedAfter != nil, generatorURL: generatorURL)
}

/// A disk that is full and a fan that stands still on one machine, in a group of this machine.
func page(_ alerts: [Notification], groupedBy labels: [String: String], receiver: String = "night.shift") -> Page {
    let group = Labels(labels)
    return Page(groupKey: "{}:\(group)", groupLabels: group, receiver: receiver, alerts: alerts)
}

func place(_ client: HTTPClient, receiver: String = "night.shift") -> ReceiverPlace {
    ReceiverPlace(receiver: receiver, index: 1, externalURL: "https://vitals.example", client: client)
}

func withClient<Value>(_ body: (HTTPClient) async throws -> Value) async throws -> Value {
    let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: HTTPSender.clientConfiguration)
    do {
        let value = try await body(client)
        try await client.shutdown()
        return value
    } catch {
        try await client.shutdown()
        throw error
    }
}

/// JSON to compare by content.
enum JSON: Decodable, Equatable, CustomStringConvertible {
    case text(String)
    case number(Double)
    case flag(Bool)
    case list([JSON])
    case object([String: JSON])
    case null

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let flag = try? value.decode(Bool.self) {
            self = .flag(flag)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let list = try? value.decode([JSON].self) {
            self = .list(list)
        } else {
            self = .object(try value.decode([String: JSON].self))
        }
    }

    init(_ bytes: some Sequence<UInt8>) throws {
        self = try JSONDecoder().decode(JSON.self, from: Data(Array(bytes)))
    }

    subscript(_ key: String) -> JSON? { if case .object(let members) = self { members[key] } else { nil } }
    subscript(_ place: Int) -> JSON? { if case .list(let items) = self, place < items.count { items[place] } else { nil } }
    var string: String? { if case .text(let text) = self { text } else { nil } }

    var description: String {
        switch self {
        case .text(let text): "\"\(text)\""
        case .number(let number): "\(number)"
        case .flag(let flag): "\(flag)"
        case .list(let items): "\(items)"
        case .object(let members):
            "{" + members.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", ") + "}"
        case .null: "null"
        }
    }
}
