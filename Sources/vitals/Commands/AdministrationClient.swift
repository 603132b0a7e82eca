import Alerting
import ArgumentParser
import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Receivers
import Records

/// Where a running Vitals is, and who asks.
struct ServerOptions: ParsableArguments {
    @Option(help: "The address of the running Vitals; may hold USER:PASSWORD@.")
    var server = "http://127.0.0.1:9876"

    @Option(name: .customLong("token-file"), help: "The file that it was given as --web.admin-token-file.")
    var tokenFile: String?
}

/// Asks a running Vitals over HTTP.
struct AdministrationClient {
    private let base: String
    private let authorization: String?

    /// Throws findings about what can't be used as it is given.
    init(_ options: ServerOptions) throws(Findings) {
        guard let parts = URLParts(options.server) else {
            throw Findings(all: [Finding("--server", "the address begins with http:// or https:// and names a host")])
        }
        base = parts.withoutCredentials
        var credentials = HTTPCredentials.none
        if let user = parts.user { credentials = .basic(username: user, password: .text(parts.password ?? "")) }
        if let path = options.tokenFile { credentials = .bearer(.file(path)) }
        do {
            authorization = try credentials.header()?.value
        } catch {
            throw Findings(all: [Finding("--token-file", error.message)])
        }
    }

    /// The answer's JSON; null for an empty one. Throws what the server says is wrong.
    func ask(_ method: HTTPMethod, _ path: String, body: JSONValue? = nil) async throws(Findings) -> JSONValue {
        var request = HTTPClientRequest(url: base + path)
        request.method = method
        if let authorization { request.headers.add(name: "Authorization", value: authorization) }
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(string: body.text))
        }
        let status: UInt
        let text: String
        do {
            let response = try await HTTPClient.shared.execute(request, timeout: .seconds(15))
            status = response.status.code
            text = String(buffer: try await response.body.collect(upTo: 16 << 20))
        } catch {
            throw Findings(all: [Finding(base, "no answer: \((error as? HTTPClientError)?.shortDescription ?? "\(error)")")])
        }
        guard (200...299).contains(status) else { throw Findings(all: [Finding(base, Self.reason(status, text))]) }
        guard !text.isEmpty else { return .null }
        do {
            return try JSONValue(text: text)
        } catch {
            throw Findings(all: [Finding(base, "the answer is no JSON; is this the address of a Vitals?")])
        }
    }

    /// A JSON text as Alertmanager's API has it, or the detail of a problem (RFC 9457).
    private static func reason(_ status: UInt, _ text: String) -> String {
        let prefix = "HTTP \(status)"
        guard let json = try? JSONValue(text: text) else { return prefix }
        switch json {
        case .string(let reason): return "\(prefix): \(reason)"
        case .object(let members):
            guard case .string(let detail)? = members["detail"] else { return prefix }
            return "\(prefix): \(detail)"
        case .null, .bool, .integer, .number, .array: return prefix
        }
    }
}
