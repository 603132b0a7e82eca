#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A number as Go's ParseInt with base 0 reads it (hexadecimal, octal, binary, underscores), else as ParseFloat does. Nil when it is
/// out of range or no number.
func parseNumber(_ text: String) -> Double? {
    let lower = text.lowercased()
    switch lower {
    case "inf", "+inf": return .infinity
    case "-inf": return -.infinity
    case "nan": return .nan
    default: break
    }
    var digits = lower[...]
    var negative = false
    if let sign = digits.first, sign == "-" || sign == "+" {
        negative = sign == "-"
        digits = digits.dropFirst()
    }
    let plain = String(decoding: digits.utf8.filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)
    var integer: Int64?
    if plain.hasPrefix("0x") {
        integer = Int64(plain.dropFirst(2), radix: 16)
        if integer == nil { return Double(plain).map { negative ? -$0 : $0 } }
    } else if plain.hasPrefix("0b") {
        integer = Int64(plain.dropFirst(2), radix: 2)
    } else if plain.hasPrefix("0o") {
        integer = Int64(plain.dropFirst(2), radix: 8)
    } else if plain.utf8.count > 1, plain.hasPrefix("0"), plain.utf8.allSatisfy(isDigit) {
        integer = Int64(plain, radix: 8)
    }
    if let integer { return negative ? -Double(integer) : Double(integer) }
    guard let first = plain.utf8.first, isDigit(first) || first == UInt8(ascii: "."),
        plain.utf8.allSatisfy({ isDigit($0) || ".e+-".utf8.contains($0) })
    else { return nil }
    guard let value = Double(plain), value.isFinite else { return nil }
    return negative ? -value : value
}

struct DurationSyntax: Error {
    let text: String
}

/// A duration literal in milliseconds: units `y w d h m s ms`, in that order, each at most once (prometheus/common
/// model.ParseDuration).
func parseDuration(_ text: String) -> Result<Int64, DurationSyntax> {
    if text == "0" { return .success(0) }
    if text.isEmpty { return .failure(DurationSyntax(text: "empty duration string")) }
    let units: [(String, Int64)] = [
        ("y", 31_536_000_000), ("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]
    func wrong() -> Result<Int64, DurationSyntax> {
        .failure(DurationSyntax(text: "not a valid duration string: \(goQuoted(text))"))
    }
    var rest = text.utf8[...]
    var lastUnit = -1
    var total: Int64 = 0
    while !rest.isEmpty {
        let digits = rest.prefix(while: isDigit)
        rest = rest[digits.endIndex...]
        let letters = rest.prefix { !isDigit($0) }
        rest = rest[letters.endIndex...]
        guard !digits.isEmpty else { return wrong() }
        let name = String(decoding: letters, as: UTF8.self)
        guard let unit = units.firstIndex(where: { $0.0 == name }) else {
            return .failure(DurationSyntax(text: "unknown unit \(goQuoted(name)) in duration \(goQuoted(text))"))
        }
        guard unit > lastUnit else { return wrong() }
        lastUnit = unit
        // Go's durations are nanoseconds in an Int64.
        let limit = Int64.max / 1_000_000
        guard let count = Int64(String(decoding: digits, as: UTF8.self)) else {
            return .failure(DurationSyntax(text: "duration out of range"))
        }
        let (part, overflow) = count.multipliedReportingOverflow(by: units[unit].1)
        guard !overflow, part <= limit, total <= limit - part else {
            return .failure(DurationSyntax(text: "duration out of range"))
        }
        total += part
    }
    return .success(total)
}

/// Seconds as milliseconds, rounded half away from zero, clamped to what Prometheus can hold.
func millisecondsOf(seconds: Double) -> Int64 {
    Int64(exactly: (seconds * 1000).rounded()) ?? (seconds < 0 ? Int64.min / 2 : Int64.max / 2)
}

/// The bytes that a Go or Prometheus string literal stands for; nil when it is malformed.
func unquote(_ literal: [UInt8]) -> [UInt8]? {
    guard literal.count >= 2, let quote = literal.first, literal.last == quote else { return nil }
    let inner = literal[1..<literal.count - 1]
    if quote == UInt8(ascii: "`") { return inner.contains(quote) ? nil : inner.filter { $0 != UInt8(ascii: "\r") } }
    var out: [UInt8] = []
    var index = inner.startIndex
    while index < inner.endIndex {
        let byte = inner[index]
        index += 1
        guard byte == UInt8(ascii: "\\") else {
            if byte == quote || byte == UInt8(ascii: "\n") { return nil }
            out.append(byte)
            continue
        }
        guard index < inner.endIndex else { return nil }
        let kind = inner[index]
        index += 1
        func number(_ digits: Int, base: UInt32, from start: Int) -> UInt32? {
            guard start + digits <= inner.endIndex else { return nil }
            var value: UInt32 = 0
            for byte in inner[start..<start + digits] {
                guard let digit = hexDigit(byte), digit < base else { return nil }
                value = value &* base &+ digit
            }
            return value
        }
        switch kind {
        case UInt8(ascii: "a"): out.append(0x07)
        case UInt8(ascii: "b"): out.append(0x08)
        case UInt8(ascii: "f"): out.append(0x0C)
        case UInt8(ascii: "n"): out.append(0x0A)
        case UInt8(ascii: "r"): out.append(0x0D)
        case UInt8(ascii: "t"): out.append(0x09)
        case UInt8(ascii: "v"): out.append(0x0B)
        case UInt8(ascii: "\\"), quote: out.append(kind)
        case UInt8(ascii: "x"):
            guard let value = number(2, base: 16, from: index) else { return nil }
            out.append(UInt8(truncatingIfNeeded: value))
            index += 2
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            guard let value = number(3, base: 8, from: index - 1), value < 256 else { return nil }
            out.append(UInt8(truncatingIfNeeded: value))
            index += 2
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            let digits = kind == UInt8(ascii: "u") ? 4 : 8
            guard let value = number(digits, base: 16, from: index), let scalar = Unicode.Scalar(value) else { return nil }
            out += String(Character(scalar)).utf8
            index += digits
        default: return nil
        }
    }
    return out
}

/// `value` with six decimals, as Go's %f.
func fixedSix(_ value: Double) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 400) { buffer in
        let written = withVaList([value]) { vsnprintf(buffer.baseAddress, buffer.count, "%f", $0) }
        return String(decoding: buffer.prefix(max(0, Int(written))).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

/// `value` with `decimals` decimals.
func fixedText(_ value: Double, decimals: Int) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 400) { buffer in
        let written = withVaList([CInt(clamping: decimals), value]) { vsnprintf(buffer.baseAddress, buffer.count, "%.*f", $0) }
        return String(decoding: buffer.prefix(max(0, Int(written))).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

/// The milliseconds of a duration as Prometheus' files write it: `1h30m`, `15s`, `0`. Throws when it is none.
public func prometheusDuration(_ text: String) throws(PromQLError) -> Int64 {
    switch parseDuration(text) {
    case .success(let value): return value
    case .failure(let reason): throw PromQLError(.parse, reason.text)
    }
}
