import Logging
import Synchronization
public import YAML

/// Why the server can not start.
public struct WebStartError: Error, Sendable, CustomStringConvertible {
    /// What is wrong in which file, all of it.
    public let findings: [YAMLFinding]

    public var description: String { findings.map(\.description).joined(separator: "\n") }
}

/// The web configuration and the administration's token, read again when one of their files changes. While a changed file is wrong the
/// old settings hold, and the log says so once.
final class AccessSettings: Sendable {
    struct Snapshot: Sendable {
        let config: WebConfig
        /// The bearer token for administration.
        let token: [UInt8]?

        var tls: TLSSettings? { config.tls }
        /// Whether anyone can prove to be an administrator.
        var hasCredentials: Bool { token != nil || !config.users.isEmpty }
    }

    private struct State {
        var snapshot: Snapshot
        var marks: [FileMark?]
        var nextLook: ContinuousClock.Instant
    }

    /// Between two looks at the files: a scrape or a flood of requests does not become a flood of stat calls.
    private let lookInterval: Duration
    private let configFile: String?
    private let tokenFile: String?
    private let logger: Logger
    private let state: Mutex<State>

    init(configFile: String?, tokenFile: String?, lookInterval: Duration = .seconds(1), logger: Logger) throws(WebStartError) {
        self.configFile = configFile
        self.tokenFile = tokenFile
        self.lookInterval = lookInterval
        self.logger = logger
        let (snapshot, findings) = Self.load(configFile, tokenFile)
        guard let snapshot else { throw WebStartError(findings: findings) }
        let files = Self.files(snapshot, configFile, tokenFile)
        state = Mutex(State(snapshot: snapshot, marks: files.map { FileMark($0) }, nextLook: .now + lookInterval))
    }

    /// The settings of now. Looks at the files at most once an interval.
    var current: Snapshot {
        let report: [YAMLFinding]? = state.withLock { state in
            let now = ContinuousClock.now
            guard now >= state.nextLook else { return nil }
            state.nextLook = now + lookInterval
            let files = Self.files(state.snapshot, configFile, tokenFile)
            let marks = files.map { FileMark($0) }
            guard marks != state.marks else { return nil }
            let (snapshot, findings) = Self.load(configFile, tokenFile)
            if let snapshot {
                state.snapshot = snapshot
                state.marks = Self.files(snapshot, configFile, tokenFile).map { FileMark($0) }
            } else {
                state.marks = marks
            }
            return findings
        }
        if let report {
            if report.isEmpty {
                logger.notice("web configuration read again")
            } else {
                let text = report.map(\.description).joined(separator: "; ")
                logger.error("web configuration changed but can not be used, the old one stays: \(text)")
            }
        }
        return state.withLock { $0.snapshot }
    }

    private static func files(_ snapshot: Snapshot, _ configFile: String?, _ tokenFile: String?) -> [String] {
        [configFile, tokenFile].compactMap { $0 } + snapshot.config.files
    }

    private static func load(_ configFile: String?, _ tokenFile: String?) -> (Snapshot?, [YAMLFinding]) {
        var findings: [YAMLFinding] = []
        var config: WebConfig? = WebConfig.none
        if let configFile {
            let report = YAMLReport(file: configFile)
            config = nil
            switch FileContent.read(configFile) {
            case .success(let bytes): config = WebConfig.read(bytes, report: report)
            case .failure(let error): report.add(error.description, line: 1, column: 1)
            }
            findings += report.findings
        }
        var token: [UInt8]?
        if let tokenFile {
            switch readToken(tokenFile) {
            case .success(let bytes): token = bytes
            case .failure(let error):
                findings.append(YAMLFinding(file: tokenFile, line: 1, column: 1, message: error.description))
            }
        }
        guard let config, findings.isEmpty else { return (nil, findings.sorted()) }
        return (Snapshot(config: config, token: token), [])
    }

    /// One line; a token shorter than 128 bits in hexadecimal could be guessed.
    private static func readToken(_ path: String) -> Result<[UInt8], FileContent.Failure> {
        FileContent.read(path).flatMap { bytes in
            let token = Array(bytes.drop(while: isSpace).reversed().drop(while: isSpace).reversed())
            guard token.count >= 32, token.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                return .failure(.init(description: "a token is one line of at least 32 printable characters without spaces"))
            }
            return .success(token)
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}
