/// The identity of a request over processes: W3C Trace Context level 1. An invalid `traceparent` starts a new trace, as it asks for.
struct TraceContext: Sendable, Equatable {
    /// 32 lower-case hexadecimal digits, not all zero.
    let traceID: String
    /// Ours for this request: 16 digits, not all zero.
    let spanID: String
    let isSampled: Bool

    /// `traceparent` is the header's value; nil or invalid starts a new trace.
    init(traceparent: String?, using random: inout some RandomNumberGenerator) {
        spanID = Self.identifier(words: 1, using: &random)
        if let (trace, sampled) = traceparent.flatMap(Self.parse) {
            traceID = trace
            isSampled = sampled
        } else {
            traceID = Self.identifier(words: 2, using: &random)
            isSampled = false
        }
    }

    /// The header to answer with.
    var traceparent: String { "00-\(traceID)-\(spanID)-\(isSampled ? "01" : "00")" }

    /// Section 3.2.2: version, trace id, parent id, flags. A higher version may carry more after a further dash.
    private static func parse(_ header: String) -> (traceID: String, sampled: Bool)? {
        let bytes = Array(header.utf8)
        guard bytes.count >= 55 else { return nil }
        let parts = bytes.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count >= 4, parts[0].count == 2, parts[1].count == 32, parts[2].count == 16, parts[3].count == 2,
            parts.prefix(4).allSatisfy({ $0.allSatisfy(isLowerHex) })
        else { return nil }
        let version = parts[0].elementsEqual("ff".utf8) ? nil : parts[0]
        guard let version else { return nil }
        if version.elementsEqual("00".utf8), parts.count != 4 { return nil }
        let zero = UInt8(ascii: "0")
        guard parts[1].contains(where: { $0 != zero }), parts[2].contains(where: { $0 != zero }) else { return nil }
        let flags = parts[3].last.flatMap(hexValue) ?? 0
        return (String(decoding: parts[1], as: UTF8.self), flags & 1 == 1)
    }

    private static func isLowerHex(_ byte: UInt8) -> Bool {
        hexValue(byte) != nil && !(UInt8(ascii: "A")...UInt8(ascii: "F")).contains(byte)
    }

    private static func identifier(words: Int, using random: inout some RandomNumberGenerator) -> String {
        var text = ""
        for _ in 0..<words {
            // Never zero: an id of zeros is invalid.
            let hex = String(UInt64.random(in: 1 ... .max, using: &random), radix: 16)
            text += String(repeating: "0", count: 16 - hex.utf8.count) + hex
        }
        return text
    }
}
