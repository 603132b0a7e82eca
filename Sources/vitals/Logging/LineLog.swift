import Glibc
import Logging
import Synchronization

/// How a log line is written.
enum LogFormat: String, CaseIterable {
    case logfmt, json
}

/// Writes one line per event to standard error: `ts=… level=… msg=…` and the metadata, as every exporter's users know it.
struct LineLog: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    let format: LogFormat
    let label: String
    let secrets: Secrets

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var fields: [(String, String)] = [
            ("ts", timestamp(milliseconds: unixMilliseconds())), ("level", event.level.rawValue), ("room", label),
            ("msg", "\(event.message)"),
        ]
        if let error = event.error { fields.append(("err", "\(error)")) }
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        fields += all.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") }
        let line = secrets.redacting(format == .json ? jsonLine(fields) : logfmtLine(fields)) + "\n"
        // One write call a line, so that lines of several threads do not mix. A closed standard error has no remedy.
        _ = line.utf8.withContiguousStorageIfAvailable { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}

/// Texts that may never be printed. What code prints is free of secrets by its own care; this is the net under it.
final class Secrets: Sendable {
    private let texts = Mutex<[String]>([])

    /// Remembers a secret. Texts under 4 characters are left out: they would blot out ordinary words.
    func add(_ secret: String?) {
        guard let secret, secret.utf8.count >= 4 else { return }
        texts.withLock { if !$0.contains(secret) { $0.append(secret) } }
    }

    func redacting(_ text: String) -> String {
        var text = text
        for secret in texts.withLock({ $0 }) {
            while let range = text.firstRange(of: secret) { text.replaceSubrange(range, with: "***") }
        }
        return text
    }
}

/// The password of `scheme://user:password@host…` or of a keyword string `… password=… `; nil when there is none.
func passwordInAddress(_ address: String) -> String? {
    if let scheme = address.firstRange(of: "://") {
        let rest = address[scheme.upperBound...]
        let authority = rest[..<(rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex)]
        guard let at = authority.lastIndex(of: "@"), let colon = authority[..<at].firstIndex(of: ":") else { return nil }
        return String(authority[authority.index(after: colon)..<at])
    }
    guard let key = address.firstRange(of: "password=") else { return nil }
    let value = address[key.upperBound...].prefix { $0 != " " }
    return value.isEmpty ? nil : String(value)
}

private func logfmtLine(_ fields: [(String, String)]) -> String {
    fields.map { key, value in
        let plain =
            !value.isEmpty
            && value.utf8.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=") && $0 != 0x7F }
        return "\(key)=\(plain ? value : jsonQuoted(value))"
    }.joined(separator: " ")
}

private func jsonLine(_ fields: [(String, String)]) -> String {
    "{" + fields.map { "\(jsonQuoted($0)):\(jsonQuoted($1))" }.joined(separator: ",") + "}"
}

/// `text` as a JSON string (RFC 8259, section 7).
func jsonQuoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": out += "\\\""
        case "\\": out += "\\\\"
        case "\n": out += "\\n"
        case "\r": out += "\\r"
        case "\t": out += "\\t"
        default:
            if scalar.value < 0x20 || scalar.value == 0x7F {
                let hex = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            } else {
                out.unicodeScalars.append(scalar)
            }
        }
    }
    return out + "\""
}

/// Milliseconds since the Unix epoch.
func unixMilliseconds() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Int64(now.tv_sec) * 1_000 + Int64(now.tv_nsec) / 1_000_000
}

/// RFC 3339 in UTC, with milliseconds.
func timestamp(milliseconds: Int64) -> String {
    var seconds = time_t(milliseconds / 1_000)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func digits(_ number: some BinaryInteger, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
    return "\(digits(parts.tm_year + 1900, 4))-\(digits(parts.tm_mon + 1, 2))-\(digits(parts.tm_mday, 2))T"
        + "\(digits(parts.tm_hour, 2)):\(digits(parts.tm_min, 2)):\(digits(parts.tm_sec, 2)).\(digits(milliseconds % 1_000, 3))Z"
}
