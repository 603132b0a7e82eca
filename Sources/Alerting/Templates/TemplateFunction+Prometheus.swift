internal import MetricsModel
internal import PromQL
internal import YAML

/// The functions that Prometheus adds (template.go of 3.14).
extension TemplateFunction {
    static let prometheusFunctions: [String: TemplateFunction] = [
        "query": TemplateFunction(.string) { arguments, context throws(Failure) in
            .samples(try query(arguments.string(0), context))
        },
        "first": TemplateFunction(.samples) { arguments, _ throws(Failure) in
            guard case .samples(let samples) = arguments.at(0), let first = samples.first else {
                throw Failure("first() called on vector with no elements")
            }
            return .sample(first)
        },
        "label": TemplateFunction(.string, .sample) { arguments, _ in .string(label(arguments.string(0), arguments.at(1))) },
        "value": TemplateFunction(.sample) { arguments, _ in
            if case .sample(let sample) = arguments.at(0) { .float(sample.value) } else { .none }
        },
        "strvalue": TemplateFunction(.sample) { arguments, _ in .string(label("__value__", arguments.at(0))) },
        "sortByLabel": TemplateFunction(.string, .samples) { arguments, _ in
            guard case .samples(let samples) = arguments.at(1) else { return .samples([]) }
            let name = arguments.string(0)
            return .samples(
                samples.enumerated().sorted { a, b in
                    let (x, y) = (a.element.labels[name] ?? "", b.element.labels[name] ?? "")
                    return bytesPrecede(x, y) || sameBytes(x, y) && a.offset < b.offset
                }.map(\.element))
        },
        "args": TemplateFunction(variadic: .any) { arguments, _ in
            .dictionary(Dictionary(uniqueKeysWithValues: arguments.enumerated().map { ("arg\($0)", $1) }))
        },
        "humanize": TemplateFunction(.any) { arguments, _ throws(Failure) in
            .string(Humanized.number(try float(arguments.at(0))))
        },
        "humanize1024": TemplateFunction(.any) { arguments, _ throws(Failure) in
            .string(Humanized.binary(try float(arguments.at(0))))
        },
        "humanizeDuration": TemplateFunction(.any) { arguments, _ throws(Failure) in
            .string(Humanized.duration(try float(arguments.at(0))))
        },
        "humanizePercentage": TemplateFunction(.any) { arguments, _ throws(Failure) in
            .string(Humanized.fourDigits(try float(arguments.at(0)) * 100) + "%")
        },
        "humanizeTimestamp": TemplateFunction(.any) { arguments, _ throws(Failure) in
            let value = try float(arguments.at(0))
            guard value.isFinite else { return .string(Humanized.fourDigits(value)) }
            return .string(GoTime.text(nanoseconds: try time(value)))
        },
        "toTime": TemplateFunction(.any) { arguments, _ throws(Failure) in
            let value = try float(arguments.at(0))
            guard value.isFinite else { throw Failure("value is NaN or Inf") }
            return .time(try time(value))
        },
        "toDuration": TemplateFunction(.any) { arguments, _ throws(Failure) in
            // Go's conversion, without a check: out of range it is the least duration.
            .duration(goInt64(try float(arguments.at(0)) * 1e9))
        },
        "now": TemplateFunction { _, context in .float(Double(context.timestamp) / 1_000) },
        "parseDuration": TemplateFunction(.string) { arguments, _ throws(Failure) in
            let text = arguments.string(0)
            let isNegative = text.hasPrefix("-")
            do throws(PrometheusDuration.ParseError) {
                let value = try PrometheusDuration.milliseconds(isNegative ? String(text.dropFirst()) : text)
                return .float(Double(isNegative ? -value : value) / 1_000)
            } catch {
                throw Failure(error.message)
            }
        },
        "title": TemplateFunction(.string) { arguments, _ in .string(titled(arguments.string(0))) },
        "toUpper": TemplateFunction(.string) { arguments, _ in
            .string(mapped(arguments.string(0)) { $0.properties.uppercaseMapping })
        },
        "toLower": TemplateFunction(.string) { arguments, _ in
            .string(mapped(arguments.string(0)) { $0.properties.lowercaseMapping })
        },
        "stripPort": TemplateFunction(.string) { arguments, _ in
            .string(HostPort(arguments.string(0))?.host ?? arguments.string(0))
        },
        "stripDomain": TemplateFunction(.string) { arguments, _ in .string(HostPort.withoutDomain(arguments.string(0))) },
        "match": TemplateFunction(.string, .string) { arguments, _ throws(Failure) in
            .bool(try pattern(arguments.string(0)).matches(arguments.string(1)))
        },
        "reReplaceAll": TemplateFunction(.string, .string, .string) { arguments, _ throws(Failure) in
            .string(try pattern(arguments.string(0)).replacingMatches(in: arguments.string(2), with: arguments.string(1)))
        },
        "urlQueryEscape": TemplateFunction(.string) { arguments, _ in .string(GraphLink.queryEscaped(arguments.string(0))) },
        "safeHtml": TemplateFunction(.string) { arguments, _ in arguments.at(0) },
        "graphLink": TemplateFunction(.string) { arguments, _ in .string(GraphLink.graph(arguments.string(0))) },
        "tableLink": TemplateFunction(.string) { arguments, _ in .string(GraphLink.table(arguments.string(0))) },
        "externalURL": TemplateFunction { _, context in .string(context.settings.externalURL) },
        "pathPrefix": TemplateFunction { _, context in .string(path(of: context.settings.externalURL)) },
    ]

    private static func query(_ text: String, _ context: TemplateContext) throws(Failure) -> [RuleSample] {
        let expression: any RuleExpression
        do throws(RuleSyntaxError) {
            expression = try context.language.parse(text)
        } catch {
            throw Failure("\(error.line):\(error.column): parse error: \(error.message)")
        }
        do throws(RuleExpressionError) {
            return try expression.evaluate(at: context.timestamp, source: context.source)
        } catch {
            throw Failure(error.description)
        }
    }

    private static func label(_ name: String, _ value: TemplateValue) -> String {
        if case .sample(let sample) = value { sample.labels[name] ?? "" } else { "" }
    }

    private static func float(_ value: TemplateValue) throws(Failure) -> Double {
        switch value {
        case .float(let float): return float
        case .int(let int): return Double(int)
        case .uint(let int): return Double(int)
        case .duration(let nanoseconds): return Double(nanoseconds) / 1e9
        case .string(let text):
            guard let float = goParseFloat(text) else {
                throw Failure("strconv.ParseFloat: parsing \(goQuoted(text)): invalid syntax")
            }
            return float
        case .none, .bool, .labels, .dictionary, .sample, .samples, .list, .time, .alert, .page:
            throw Failure("can't convert \(value.typeName) to float")
        }
    }

    /// Nanoseconds since the epoch, cut to milliseconds as model.Time does.
    private static func time(_ seconds: Double) throws(Failure) -> Int64 {
        let nanoseconds = seconds * 1e9
        guard nanoseconds <= 0x1p63, nanoseconds >= -0x1p63 else {
            throw Failure("\(GoFloat.general(seconds)) cannot be represented as a nanoseconds timestamp since it overflows int64")
        }
        return goInt64(nanoseconds) / 1_000_000 * 1_000_000
    }

    private static func pattern(_ text: String) throws(Failure) -> RegularExpression {
        do {
            return try RegularExpression(text, isAnchored: false)
        } catch {
            throw Failure(error.message)
        }
    }

    /// strings.Title: the first letter of each word to its title case. A word ends at whatever is no letter, digit or underscore.
    private static func titled(_ text: String) -> String {
        var isWordStart = true
        return mapped(text) { scalar in
            defer {
                let properties = scalar.properties
                let isWord = properties.isAlphabetic || properties.numericType == .decimal || scalar == "_" || scalar == "'"
                isWordStart = !isWord && (scalar.isASCII || properties.isWhitespace)
            }
            return isWordStart ? scalar.properties.titlecaseMapping : String(Character(scalar))
        }
    }

    /// Scalar by scalar, as Go does; a mapping to several scalars (`ß`) leaves the letter as it is.
    private static func mapped(_ text: String, _ mapping: (Unicode.Scalar) -> String) -> String {
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let image = mapping(scalar).unicodeScalars
            if image.count == 1, let only = image.first { out.append(only) } else { out.append(scalar) }
        }
        return String(out)
    }

    /// The path of a URL.
    private static func path(of url: String) -> String {
        let bytes = Array(url.utf8)
        let text = "://"
        var start = 0
        if let scheme = bytes.indices.first(where: { bytes[$0...].starts(with: text.utf8) }) { start = scheme + text.utf8.count }
        let afterHost = bytes[start...].drop { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
        let path = afterHost.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
        return String(decoding: path, as: UTF8.self)
    }
}

/// Numbers for people, as Prometheus' templates print them.
enum Humanized {
    static func fourDigits(_ value: Double) -> String { GoFloat.formatted(value, verb: "g", precision: 4) }

    static func number(_ value: Double) -> String {
        guard value != 0, value.isFinite else { return fourDigits(value) }
        return value.magnitude >= 1
            ? larger(value, by: 1_000, ["k", "M", "G", "T", "P", "E", "Z", "Y"]) : smaller(value)
    }

    static func binary(_ value: Double) -> String {
        guard value.magnitude > 1, value.isFinite else { return fourDigits(value) }
        return larger(value, by: 1_024, ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"])
    }

    static func duration(_ value: Double) -> String {
        guard value.isFinite else { return fourDigits(value) }
        if value == 0 { return fourDigits(value) + "s" }
        guard value.magnitude >= 1 else { return smaller(value) + "s" }
        let sign = value < 0 ? "-" : ""
        // Beyond 63 bits Go's conversion gives the least integer; its odd text is kept.
        let whole = goInt64(value.magnitude)
        let (seconds, minutes, hours, days) = (whole % 60, whole / 60 % 60, whole / 3_600 % 24, whole / 86_400)
        if days != 0 { return "\(sign)\(days)d \(hours)h \(minutes)m \(seconds)s" }
        if hours != 0 { return "\(sign)\(hours)h \(minutes)m \(seconds)s" }
        if minutes != 0 { return "\(sign)\(minutes)m \(seconds)s" }
        return sign + fourDigits(value.magnitude) + "s"
    }

    private static func larger(_ value: Double, by step: Double, _ prefixes: [String]) -> String {
        var (value, prefix) = (value, "")
        for next in prefixes {
            if value.magnitude < step { break }
            prefix = next
            value /= step
        }
        return fourDigits(value) + prefix
    }

    private static func smaller(_ value: Double) -> String {
        var (value, prefix) = (value, "")
        for next in ["m", "u", "n", "p", "f", "a", "z", "y"] {
            if value.magnitude >= 1 { break }
            prefix = next
            value *= 1_000
        }
        return fourDigits(value) + prefix
    }
}

/// `host:port`, as net.SplitHostPort takes it apart.
struct HostPort {
    let host: String
    let port: String

    init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        port = String(text[text.index(after: colon)...])
        let before = text[..<colon]
        if before.hasPrefix("[") {
            guard before.hasSuffix("]"), !before.dropFirst().dropLast().contains(where: { $0 == "[" || $0 == "]" }) else {
                return nil
            }
            host = String(before.dropFirst().dropLast())
        } else {
            guard !before.contains(where: { $0 == ":" || $0 == "[" || $0 == "]" }) else { return nil }
            host = String(before)
        }
        guard !port.contains(where: { $0 == "[" || $0 == "]" }) else { return nil }
    }

    /// The first label of a host name, with the port; addresses stay whole.
    static func withoutDomain(_ text: String) -> String {
        let parts = HostPort(text)
        let host = parts?.host ?? text
        guard !isAddress(host) else { return text }
        let first = host.prefix { $0 != "." }
        guard let parts, !parts.port.isEmpty else { return String(first) }
        return first.contains(":") ? "[\(first)]:\(parts.port)" : "\(first):\(parts.port)"
    }

    /// Whether net.ParseIP would take it: four decimal numbers, or groups of hexadecimal digits with colons.
    private static func isAddress(_ host: String) -> Bool {
        if host.contains(":") { return host.allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." } }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { part in !part.isEmpty && part.count <= 3 && UInt8(part) != nil }
    }
}
