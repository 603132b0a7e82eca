import AsyncHTTPClient
import Demo
import FoundationEssentials
import Glibc
import NIOCore
import NIOHTTP1
import Support

/// The built executable, run as a user would.
struct RunningVitals {
    let process: ChildProcess
    let port: Int
    let directory: TemporaryDirectory

    var url: String { "http://127.0.0.1:\(port)" }
    var log: String { directory.path("vitals.log") }

    /// `vitals serve` on a free port, with its storage in the directory. Returns when it listens.
    static func serve(
        _ arguments: [String] = [], environment: [String: String] = [:], in directory: TemporaryDirectory,
        configuration: String? = nil
    ) async throws -> RunningVitals {
        let port = try freePort()
        var all = [
            "serve", "--web.listen-address", "127.0.0.1:\(port)", "--storage.path", directory.path("storage"),
        ]
        if let configuration { all += ["--config.file", try directory.write("vitals.yml", configuration)] }
        var command = ChildProcess.Command(
            try executable(), all + arguments, log: directory.path("vitals.log"), directory: packageDirectory)
        command.environment = environment
        let vitals = RunningVitals(process: try await ChildProcess(command), port: port, directory: directory)
        do {
            try await vitals.process.waitUntilReady { isListening(port: port) }
        } catch {
            await vitals.stop()
            throw error
        }
        return vitals
    }

    /// Runs a command to its end: exit code and all that it printed.
    static func run(
        _ arguments: [String], environment: [String: String] = [:], in directory: TemporaryDirectory
    ) async throws -> (code: Int32, output: String) {
        let log = directory.path("command-\(UInt64.random(in: 0...UInt64.max)).log")
        var command = ChildProcess.Command(try executable(), arguments, log: log, directory: packageDirectory)
        command.environment = environment
        let code = try await ChildProcess(command).waitForExit()
        return (code, try text(of: log))
    }

    func stop() async { await process.stop() }

    /// What it has logged so far.
    func logged() throws -> String { try text(of: log) }

    /// The lines of its log that hold all of these parts.
    func logLines(_ parts: String...) throws -> [String] {
        try logged().split(separator: "\n").map(String.init).filter { line in parts.allSatisfy { line.contains($0) } }
    }

    /// Its open and opening TCP connections to a port, from the kernel's own table.
    func connections(to port: Int) throws -> Int {
        let folder = "/proc/\(process.pid)/fd"
        let own = Set(
            try FileManager.default.contentsOfDirectory(atPath: folder).compactMap { name -> String? in
                var target = [UInt8](repeating: 0, count: 64)
                // A descriptor closed since the listing leads nowhere.
                let length = readlink("\(folder)/\(name)", &target, target.count)
                let text = String(decoding: target.prefix(max(0, length)), as: UTF8.self)
                return text.hasPrefix("socket:[") ? String(text.dropFirst(8).dropLast()) : nil
            })
        // `sl local remote st tx:rx tr:when retransmits uid timeout inode …`, addresses and state in hexadecimal.
        let remote = ":" + String(port, radix: 16, uppercase: true).leftPadded(to: 4)
        return try kernelTable("/proc/net/tcp").split(separator: "\n").dropFirst().filter { line in
            let fields = line.split(separator: " ")
            return fields.count > 9 && fields[2].hasSuffix(remote) && ["01", "02"].contains(fields[3])
                && own.contains(String(fields[9]))
        }.count
    }

    // MARK: - Asking

    struct Answer {
        let status: Int
        let headers: [String: String]
        let body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    func get(
        _ path: String, headers: [String: String] = [:], method: String = "GET", body: String? = nil,
        within limit: Duration = .seconds(30)
    ) async throws -> Answer {
        try await fetch(url + path, headers: headers, method: method, body: body, within: limit)
    }

    /// The samples of `/metrics`, by the text before the value.
    func metrics(headers: [String: String] = [:]) async throws -> [String: Double] {
        Self.samples(try await get("/metrics", headers: headers).text)
    }

    static func samples(_ exposition: String) -> [String: Double] {
        var samples: [String: Double] = [:]
        for line in exposition.split(separator: "\n") where !line.hasPrefix("#") {
            guard let space = line.lastIndex(of: " ") else { continue }
            let value = line[line.index(after: space)...]
            samples[String(line[..<space])] = value == "+Inf" ? .infinity : Double(value) ?? .nan
        }
        return samples
    }

    /// The value of the first series of an instant query; nil when there is none.
    func query(_ expression: String) async throws -> Double? {
        struct Reply: Decodable {
            struct Content: Decodable {
                struct Sample: Decodable {
                    struct Value: Decodable {
                        let text: String

                        init(from decoder: any Decoder) throws {
                            var pair = try decoder.unkeyedContainer()
                            _ = try pair.decode(Double.self)
                            text = try pair.decode(String.self)
                        }
                    }
                    let value: Value
                }
                let result: [Sample]
            }
            let data: Content
        }
        let answer = try await get("/api/v1/query?query=\(percentEncoded(expression))")
        guard answer.status == 200 else { throw SupportError("\(expression): \(answer.status) \(answer.text)") }
        let reply = try JSONDecoder().decode(Reply.self, from: Data(answer.body))
        return reply.data.result.first.flatMap { Double($0.value.text) }
    }

    /// The alerts of `/api/v1/alerts`.
    func alerts() async throws -> [Alert] {
        struct Reply: Decodable {
            struct Content: Decodable { let alerts: [Alert] }
            let data: Content
        }
        return try JSONDecoder().decode(Reply.self, from: Data(try await get("/api/v1/alerts").body)).data.alerts
    }

    struct Alert: Decodable {
        let labels: [String: String]
        let state: String
        let activeAt: String
        let value: String
        /// While its target is away.
        let keptReason: String?
    }

    func alert(_ name: String) async throws -> Alert? {
        try await alerts().first { $0.labels["alertname"] == name }
    }

    /// Asks again and again until `condition` holds; nil when it never did.
    func metrics(
        within limit: Duration, until condition: ([String: Double]) -> Bool
    ) async throws -> [String: Double]? {
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline {
            let samples = try await metrics()
            if condition(samples) { return samples }
            try await Task.sleep(for: .milliseconds(200))
        }
        return nil
    }
}

/// Asks again and again until the answer is yes; false when it never was.
func eventually(within limit: Duration, _ condition: () async throws -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if try await condition() { return true }
        try await Task.sleep(for: .milliseconds(100))
    }
    return false
}

/// For the value of a query parameter (RFC 3986, section 2.1).
private func percentEncoded(_ text: String) -> String {
    text.utf8.reduce(into: "") { out, byte in
        let scalar = Unicode.Scalar(byte)
        if byte < 0x80, scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) {
            out.unicodeScalars.append(scalar)
        } else {
            out += "%" + String(byte, radix: 16, uppercase: true).leftPadded(to: 2)
        }
    }
}

extension String {
    /// With zeros in front.
    fileprivate func leftPadded(to width: Int) -> String {
        String(repeating: "0", count: Swift.max(0, width - count)) + self
    }
}

/// One request over HTTP.
func fetch(
    _ url: String, headers: [String: String] = [:], method: String = "GET", body: String? = nil,
    within limit: Duration = .seconds(30)
) async throws -> RunningVitals.Answer {
    var request = HTTPClientRequest(url: url)
    request.method = .RAW(value: method)
    // A connection kept from an earlier question may be the one that a flood of others has just pushed out.
    request.headers.add(name: "Connection", value: "close")
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    if let body { request.body = .bytes(ByteBuffer(string: body)) }
    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(Int64(limit.components.seconds) + 1))
    let bytes = try await response.body.collect(upTo: 64 << 20)
    return RunningVitals.Answer(
        status: Int(response.status.code),
        headers: Dictionary(
            response.headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { first, _ in first }),
        body: Array(bytes.readableBytesView))
}

/// A file of /proc, read to its end: it has no size, and each read gives a page at most.
private func kernelTable(_ path: String) throws -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SupportError("cannot open \(path) (errno \(errno))") }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
        bytes += buffer[..<count]
    }
}

/// The package's folder, from this file's place in it.
let packageDirectory: String = {
    #filePath.split(separator: "/").dropLast(3).reduce(into: "") { $0 += "/" + $1 }
}()

/// The executable under test stands beside the tests' own.
func executable() throws -> String {
    var buffer = [UInt8](repeating: 0, count: 4_096)
    let length = readlink("/proc/self/exe", &buffer, buffer.count)
    let own = String(decoding: buffer.prefix(max(0, length)), as: UTF8.self)
    let folder = own.split(separator: "/").dropLast().reduce(into: "") { $0 += "/" + $1 }
    for path in ["\(folder)/vitals", "\(packageDirectory)/.build/debug/vitals"] where access(path, X_OK) == 0 { return path }
    throw SupportError("the executable vitals is not built: swift build --build-tests")
}

private func text(of path: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
}
