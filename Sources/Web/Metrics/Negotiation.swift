import MetricsModel

/// What `/metrics` answers with, from `Accept` and `Accept-Encoding`.
struct Negotiation: Sendable, Equatable {
    /// `Content-Type` and which bytes.
    struct Format: Sendable, Equatable {
        let format: ExpositionFormat
        let contentType: String
    }

    let format: Format
    let isGzip: Bool

    init(accept: String?, acceptEncoding: String?) {
        format = Self.format(accept)
        isGzip = Self.takesGzip(acceptEncoding)
    }

    /// The most wanted range that we have decides, as in client_golang (`expfmt.NegotiateIncludingOpenMetrics`); the text format 0.0.4 when
    /// there is none. Our names need no escaping, so `underscores` is true of them whatever scheme was asked for.
    private static func format(_ accept: String?) -> Format {
        let ranges = MediaRange.parse(accept ?? "")
        // A stable sort: of two wanted alike the first.
        let order = ranges.enumerated().sorted {
            $0.element.quality > $1.element.quality || ($0.element.quality == $1.element.quality && $0.offset < $1.offset)
        }
        for (_, range) in order where range.quality > 0 {
            let version = range.parameters["version"] ?? ""
            let escaping = range.parameters["escaping"] == nil ? "" : "; escaping=underscores"
            switch range.type {
            case "application/openmetrics-text" where ["", "1.0.0"].contains(version):
                return Format(format: .openMetrics, contentType: ExpositionFormat.openMetrics.contentType + escaping)
            case "application/openmetrics-text" where version == "0.0.1":
                return Format(
                    format: .openMetrics, contentType: "application/openmetrics-text; version=0.0.1; charset=utf-8")
            case "text/plain" where ["", "0.0.4"].contains(version):
                return Format(format: .text, contentType: ExpositionFormat.text.contentType + escaping)
            case _: continue
            }
        }
        return Format(format: .text, contentType: ExpositionFormat.text.contentType)
    }

    /// RFC 9110, 12.5.3: `gzip` or, where it is not named, `*`, with a quality above zero.
    static func takesGzip(_ accept: String?) -> Bool {
        let codings = MediaRange.parse(accept ?? "")
        let named = codings.first { $0.type == "gzip" || $0.type == "x-gzip" } ?? codings.first { $0.type == "*" }
        return (named?.quality ?? 0) > 0
    }
}

/// One element of an `Accept` or `Accept-Encoding` header (RFC 9110, section 12.5).
struct MediaRange: Sendable, Equatable {
    /// More elements than any client sends.
    static let rangesMax = 64

    /// Lower case.
    let type: String
    /// Names in lower case, values as they came, unquoted.
    let parameters: [String: String]
    /// 0 to 1; 1 when not given, 0 when it is no number.
    let quality: Double

    static func parse(_ header: String) -> [MediaRange] {
        split(header, at: ",").prefix(rangesMax).compactMap { element in
            let parts = split(element, at: ";").map(trimmed)
            guard let type = parts.first, !type.isEmpty else { return nil }
            var parameters: [String: String] = [:]
            for part in parts.dropFirst() {
                let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
                    trimmed(Substring($0))
                }
                guard pair.count == 2, !pair[0].isEmpty else { continue }
                parameters[pair[0].lowercased()] = unquoted(pair[1])
            }
            let quality = parameters.removeValue(forKey: "q").map { Double($0) ?? 0 } ?? 1
            return MediaRange(
                type: type.lowercased(), parameters: parameters, quality: quality.isNaN ? 0 : min(1, max(0, quality)))
        }
    }

    /// Splits outside quotation marks.
    private static func split(_ text: some StringProtocol, at separator: Unicode.Scalar) -> [Substring] {
        var parts: [Substring] = []
        let scalars = Substring(text).unicodeScalars
        var start = scalars.startIndex
        var isQuoted = false
        var isEscaped = false
        for index in scalars.indices {
            let scalar = scalars[index]
            if isEscaped {
                isEscaped = false
            } else if scalar == "\\", isQuoted {
                isEscaped = true
            } else if scalar == "\"" {
                isQuoted.toggle()
            } else if scalar == separator, !isQuoted {
                parts.append(Substring(scalars[start..<index]))
                start = scalars.index(after: index)
            }
        }
        parts.append(Substring(scalars[start...]))
        return parts
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let front = text.drop { $0 == " " || $0 == "\t" }
        guard let last = front.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
        return front[...last]
    }

    private static func unquoted(_ text: Substring) -> String {
        guard text.count >= 2, text.first == "\"", text.last == "\"" else { return String(text) }
        return String(text.dropFirst().dropLast())
    }
}
