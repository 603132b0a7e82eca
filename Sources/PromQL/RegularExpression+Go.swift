import CRE2

// RE2 and Go's regexp share their syntax; what they say about errors, and two corners of the syntax, differ.
extension RegularExpression {
    /// Go's words (regexp/syntax, ErrorCode) for RE2's reason.
    static func words(for reason: cre2_error) -> String {
        switch reason {
        case CRE2_BAD_ESCAPE: "invalid escape sequence"
        case CRE2_BAD_CLASS: "invalid character class"
        case CRE2_BAD_RANGE: "invalid character class range"
        case CRE2_MISSING_BRACKET: "missing closing ]"
        case CRE2_MISSING_PARENTHESIS: "missing closing )"
        case CRE2_UNEXPECTED_PARENTHESIS: "unexpected )"
        case CRE2_TRAILING_BACKSLASH: "trailing backslash at end of expression"
        case CRE2_REPEAT_ARGUMENT: "missing argument to repetition operator"
        case CRE2_REPEAT_SIZE: "invalid repeat count"
        case CRE2_REPEAT_OPERATOR: "invalid nested repetition operator"
        case CRE2_BAD_PERL_OPERATOR: "invalid or unsupported Perl syntax"
        case CRE2_BAD_UTF8: "invalid UTF-8"
        case CRE2_BAD_NAMED_GROUP: "invalid named capture"
        case CRE2_TOO_LARGE: "expression too large"
        default: "regexp/syntax: internal error"
        }
    }

    /// `\C`, which RE2 takes and Go refuses; nil when it is not there.
    static func singleByteEscape(in text: String) -> String? {
        guard text.contains("\\C") else { return nil }
        var found = false
        scan(Array(text.utf8)) { bytes, index in
            if bytes[index] == UInt8(ascii: "\\"), index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "C") { found = true }
        }
        return found ? "\\C" : nil
    }

    /// Go also takes `(?<name>…)`; this RE2 only `(?P<name>…)`.
    static func withRE2GroupNames(_ text: String) -> String {
        guard text.contains("(?<") else { return text }
        let opening = Array("(?<".utf8)
        var places: [Int] = []
        scan(Array(text.utf8)) { bytes, index in
            guard bytes[index...].starts(with: opening), index + 3 < bytes.count else { return }
            if isLetterOrDigit(bytes[index + 3]) { places.append(index + 2) }
        }
        var bytes = Array(text.utf8)
        for place in places.reversed() { bytes.insert(UInt8(ascii: "P"), at: place) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Calls `body` at each place outside of `\Q…\E` and of character classes, once for an escaped pair.
    private static func scan(_ bytes: [UInt8], _ body: ([UInt8], Int) -> Void) {
        var index = 0
        var inClass = false
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\\"), index + 1 < bytes.count {
                if bytes[index + 1] == UInt8(ascii: "Q"), !inClass {
                    let end = Array("\\E".utf8)
                    index += 2
                    while index < bytes.count, !bytes[index...].starts(with: end) { index += 1 }
                } else if !inClass {
                    body(bytes, index)
                }
                index += 2
                continue
            }
            if inClass {
                inClass = byte != UInt8(ascii: "]")
            } else if byte == UInt8(ascii: "[") {
                inClass = true
                // A bracket that comes first stands for itself.
                if index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "^") { index += 1 }
                if index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "]") { index += 1 }
            } else {
                body(bytes, index)
            }
            index += 1
        }
    }
}
