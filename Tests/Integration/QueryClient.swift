import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import Support

/// The HTTP API that Prometheus and Vitals share.
struct QueryClient {
    let url: String

    struct Series: Decodable {
        /// Milliseconds since the epoch, value.
        let points: [(time: Int64, value: Double)]
        let labels: [String: String]

        private enum CodingKeys: String, CodingKey { case metric, value, values }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            labels = try fields.decode([String: String].self, forKey: .metric)
            let points =
                try fields.decodeIfPresent([QueryClient.Point].self, forKey: .values)
                ?? [fields.decode(QueryClient.Point.self, forKey: .value)]
            self.points = points.map { ($0.time, $0.value) }
        }

        var value: Double { points.last?.value ?? .nan }
    }

    /// `[1700000000.5,"12"]`
    struct Point: Decodable {
        let time: Int64
        let value: Double

        init(from decoder: any Decoder) throws {
            var fields = try decoder.unkeyedContainer()
            time = Int64((try fields.decode(Double.self) * 1_000).rounded())
            let text = try fields.decode(String.self)
            guard let value = Double(text.replacing("Inf", with: "inf")) else { throw SupportError("'\(text)' is no number") }
            self.value = value
        }
    }

    struct Rule: Decodable {
        let name, health: String
        let lastError: String?
    }

    struct Metadata: Decodable { let type: String }

    struct Target: Decodable { let health, lastError: String }

    /// The answer to an instant query: of a scalar one series without labels.
    func query(_ expression: String, at milliseconds: Int64? = nil) async throws -> [Series] {
        var fields = [("query", expression)]
        if let milliseconds { fields.append(("time", seconds(milliseconds))) }
        return try await ask("query", fields, Result.self).series
    }

    func range(_ expression: String, from: Int64, through: Int64, stepSeconds: Int) async throws -> [Series] {
        try await ask(
            "query_range",
            [("query", expression), ("start", seconds(from)), ("end", seconds(through)), ("step", "\(stepSeconds)")], Result.self
        ).series
    }

    /// In the order of the files.
    func rules() async throws -> [Rule] {
        struct Groups: Decodable { let groups: [Group] }
        struct Group: Decodable { let rules: [Rule] }
        return try await ask("rules", [], Groups.self).groups.flatMap(\.rules)
    }

    func metadata() async throws -> [String: [Metadata]] { try await ask("metadata", [], [String: [Metadata]].self) }

    func targets() async throws -> [Target] {
        struct Targets: Decodable { let activeTargets: [Target] }
        return try await ask("targets", [], Targets.self).activeTargets
    }

    /// The values of a label on the series that a selector chooses, as Grafana's `label_values(selector, label)` asks.
    func labelValues(_ label: String, of selector: String) async throws -> [String] {
        try await ask("label/\(label)/values", [("match[]", selector)], [String].self)
    }

    /// Asks again and again until `condition` holds; whether it did in time.
    func wait(within limit: Duration, until condition: (QueryClient) async throws -> Bool) async throws -> Bool {
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline {
            if try await condition(self) { return true }
            try await Task.sleep(for: .milliseconds(250))
        }
        return false
    }

    // MARK: - Private

    private struct Result: Decodable {
        let series: [Series]

        private enum CodingKeys: String, CodingKey { case resultType, result }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            let type = try fields.decode(String.self, forKey: .resultType)
            guard type == "vector" || type == "matrix" else { throw SupportError("the answer is a \(type)") }
            series = try fields.decode([Series].self, forKey: .result)
        }
    }

    private struct Envelope<Content: Decodable>: Decodable {
        let status: String
        let error: String?
        let data: Content?
    }

    private func ask<Content: Decodable>(
        _ endpoint: String, _ fields: [(String, String)], _: Content.Type
    ) async throws -> Content {
        let query = fields.map { "\(escaped($0.0))=\(escaped($0.1))" }.joined(separator: "&")
        let request = HTTPClientRequest(url: "\(url)/api/v1/\(endpoint)?\(query)")
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        let body = try await response.body.collect(upTo: 64 << 20)
        let envelope = try JSONDecoder().decode(Envelope<Content>.self, from: Data(body.readableBytesView))
        guard let data = envelope.data else {
            throw SupportError("\(endpoint) \(fields): \(envelope.error ?? envelope.status)")
        }
        return data
    }

    private func seconds(_ milliseconds: Int64) -> String { "\(Double(milliseconds) / 1_000)" }

    private func escaped(_ text: String) -> String {
        text.utf8.reduce(into: "") { result, byte in
            let character = Character(UnicodeScalar(byte))
            if byte < 0x80, character.isLetter || character.isNumber {
                result.append(character)
            } else {
                result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
    }
}
