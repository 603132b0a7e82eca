import AsyncHTTPClient
import Demo
import FoundationEssentials
import Glibc
import NIOCore
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

    // MARK: - Asking

    struct Answer {
        let status: Int
        let headers: [String: String]
        let body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    func get(
        _ path: String, headers: [String: String] = [:], method: String = "GET", within limit: Duration = .seconds(30)
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: url + path)
        request.method = .RAW(value: method)
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        let seconds = Int64(limit.components.seconds) + 1
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(seconds))
        let body = try await response.body.collect(upTo: 64 << 20)
        return Answer(
            status: Int(response.status.code),
            headers: Dictionary(
                response.headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { first, _ in first }),
            body: Array(body.readableBytesView))
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

/// The package's folder, from this file's place in it.
let packageDirectory: String = {
    #filePath.split(separator: "/").dropLast(3).reduce(into: "") { $0 += "/" + $1 }
}()

/// The executable under test stands beside the tests' own.
private func executable() throws -> String {
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
