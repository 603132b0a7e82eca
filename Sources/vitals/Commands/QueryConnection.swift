import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Records
import Web
import YAML

extension QueryCommand.Connection {
    enum Method { case get, post }

    /// More than any answer that a person reads.
    private static let answerBytesMax = 256 << 20

    /// Asks an endpoint of the API and prints what it says; throws what went wrong, and prints the server's remarks to standard error.
    func show(
        _ endpoint: String, _ fields: [(String, String)], method: Method = .post,
        _ text: (JSONValue) throws(QueryText.Failure) -> String
    ) async throws {
        let answer = try await ask(endpoint, fields, method)
        guard case .object(let envelope) = answer else { throw problem("the answer is no JSON object") }
        guard envelope["status"] == .string("success"), let data = envelope["data"] else {
            guard case .string(let message)? = envelope["error"] else { throw problem("the answer says neither data nor error") }
            guard case .string(let type)? = envelope["errorType"] else { throw problem(message) }
            throw problem("\(type): \(message)")
        }
        for kind in ["warnings", "infos"] {
            guard case .array(let remarks)? = envelope[kind] else { continue }
            for case .string(let remark) in remarks { complain("query \(kind.dropLast()): \(remark)") }
        }
        do throws(QueryText.Failure) {
            switch output {
            case .promql:
                let lines = try text(data)
                if !lines.isEmpty { say(lines) }
            case .json: say(QueryText.json(data))
            }
        } catch {
            throw problem(error.message)
        }
    }

    private func ask(_ endpoint: String, _ fields: [(String, String)], _ method: Method) async throws -> JSONValue {
        var base = server
        while base.hasSuffix("/") { base.removeLast() }
        if !base.contains("://") { base = "http://" + base }
        let form = fields.map { "\(escaped($0.0))=\(escaped($0.1))" }.joined(separator: "&")
        var request = HTTPClientRequest(url: "\(base)/api/v1/\(endpoint)")
        switch method {
        case .get: if !form.isEmpty { request.url += "?" + form }
        case .post:
            request.method = .POST
            request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
            request.body = .bytes(ByteBuffer(string: form))
        }
        request.headers.add(name: "User-Agent", value: "vitals/\(Build.version)")
        for (name, value) in try headers() { request.headers.replaceOrAdd(name: name, value: value) }
        let milliseconds: Int64
        do {
            milliseconds = try PrometheusDuration.milliseconds(timeout)
        } catch {
            throw Findings(all: [Finding("--timeout", error.message)])
        }
        do {
            let response = try await HTTPClient.shared.execute(request, timeout: .milliseconds(milliseconds))
            let body = try await response.body.collect(upTo: Self.answerBytesMax)
            do throws(RecordError) {
                return try JSONValue(bytes: Array(body.readableBytesView))
            } catch {
                throw problem("HTTP status \(response.status.code), and no JSON")
            }
        } catch let findings as Findings {
            throw findings
        } catch {
            throw problem("\(error)")
        }
    }

    private func headers() throws(Findings) -> [(String, String)] {
        var headers: [(String, String)] = []
        for text in header {
            // promtool's form, and curl's.
            guard let end = text.firstIndex(where: { $0 == "=" || $0 == ":" }), end > text.startIndex else {
                throw Findings(all: [Finding("--header", "'\(text)' is not NAME=VALUE")])
            }
            headers.append((String(text[..<end]), String(text[text.index(after: end)...].drop { $0 == " " })))
        }
        if let username {
            let password = try passwordFile.map { (path) throws(Findings) in try secret(path, "--password-file") } ?? ""
            headers.append(("Authorization", "Basic " + base64("\(username):\(password)")))
        }
        if let bearerTokenFile {
            headers.append(("Authorization", "Bearer " + (try secret(bearerTokenFile, "--bearer-token-file"))))
        }
        return headers
    }

    private func secret(_ path: String, _ flag: String) throws(Findings) -> String {
        do {
            var text = try readFile(path)
            while text.last?.isNewline == true { text.removeLast() }
            return text
        } catch {
            throw Findings(all: [Finding(flag, "\(error)")])
        }
    }

    private func problem(_ message: String) -> Findings {
        Findings(all: [Finding("query error", message)])
    }
}

/// For a form's name or value (RFC 3986, section 2.3).
private func escaped(_ text: String) -> String {
    let hex = Array("0123456789ABCDEF")
    return text.utf8.reduce(into: "") { out, byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"):
            out.unicodeScalars.append(Unicode.Scalar(byte))
        case _: out += "%\(hex[Int(byte >> 4)])\(hex[Int(byte & 15)])"
        }
    }
}

/// RFC 4648, section 4.
private func base64(_ text: String) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    let bytes = Array(text.utf8)
    var out = ""
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = bytes[start..<min(start + 3, bytes.count)]
        let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
        for place in 0..<4 {
            out.append(place <= group.count ? alphabet[Int(bits >> UInt32(18 - 6 * place) & 63)] : "=")
        }
    }
    return out
}
