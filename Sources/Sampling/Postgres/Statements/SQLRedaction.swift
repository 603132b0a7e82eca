/// A statement's text as people may see it: without literals, comments and line breaks.
///
/// `pg_stat_statements` writes `$1` for the constants of queries, but keeps those of utility statements (`CREATE ROLE … PASSWORD '…'`) and
/// of running queries. Here every string and number becomes `?`; names, also quoted ones, stay. Comments go whole: tools write anything
/// into them. What follows `=` or `TO` in `SET` is a value even where it looks like a name.
enum SQLRedaction {
    /// At most `bytesMax` bytes of the result, with `…` when that is not all; linear in them, not in the text.
    static func redacting(_ text: String, bytesMax: Int) -> String {
        // Blanks and comments may make up much of it.
        var scanner = SQLScanner(text, bytesMax: max(4 * bytesMax, 4_096))
        var result: [UInt8] = []
        var isAltering = false
        var isSetting = false
        var isValue = false
        var isFirst = true
        while let piece = scanner.nextPiece() {
            if piece.isAfterBlank, !result.isEmpty { result.append(UInt8(ascii: " ")) }
            switch piece.kind {
            case .literal: SQLRedaction.mask(&result)
            case .doubtful:
                // Where the string ends depends on the session: what follows may be inside.
                SQLRedaction.mask(&result)
                return finish(result + " …".utf8, isCut: false, bytesMax: bytesMax)
            case .word:
                let word = SQLRedaction.lowercased(piece.bytes)
                if isFirst, word == "alter" { isAltering = true }
                if isFirst || isAltering, word == "set" { isSetting = true }
                if isSetting, isValue { SQLRedaction.mask(&result) } else { result += piece.bytes }
                if isSetting, word == "to" { isValue = true }
            case .name:
                if isSetting, isValue { SQLRedaction.mask(&result) } else { result += piece.bytes }
            case .other:
                if isSetting, piece.bytes.first == UInt8(ascii: "=") { isValue = true }
                if piece.bytes.first == UInt8(ascii: ";") {
                    (isAltering, isSetting, isValue) = (false, false, false)
                }
                result += piece.bytes
            }
            isFirst = piece.bytes.first == UInt8(ascii: ";")
            if result.count > bytesMax { return finish(result, isCut: true, bytesMax: bytesMax) }
        }
        return finish(result, isCut: scanner.isCut, bytesMax: bytesMax)
    }

    /// The first characters of a text, with `…` for the rest.
    static func cut(_ text: String, charactersMax: Int) -> String {
        text.count <= charactersMax ? text : text.prefix(charactersMax - 1) + "…"
    }

    private static func mask(_ result: inout [UInt8]) {
        // Strings in a row are one.
        if result.last == UInt8(ascii: "?") { return }
        if result.last == UInt8(ascii: " "), result.dropLast().last == UInt8(ascii: "?") {
            result.removeLast()
            return
        }
        result.append(UInt8(ascii: "?"))
    }

    private static func lowercased(_ bytes: ArraySlice<UInt8>) -> String {
        bytes.count > 16 ? "" : String(decoding: bytes.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }, as: UTF8.self)
    }

    private static func finish(_ bytes: [UInt8], isCut: Bool, bytesMax: Int) -> String {
        var end = min(bytes.count, bytesMax)
        // Not within a character.
        while end < bytes.count, end > 0, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        return String(decoding: bytes[..<end], as: UTF8.self) + (isCut || end < bytes.count ? "…" : "")
    }
}

/// A part of a statement, as far as redaction tells them apart.
struct SQLPiece {
    enum Kind {
        /// A string of any kind, or a number.
        case literal
        /// A string with a backslash before a quote, which ends there or not, as `standard_conforming_strings` says.
        case doubtful
        /// An unquoted keyword or identifier.
        case word
        /// A quoted identifier.
        case name
        /// A parameter, an operator, punctuation.
        case other
    }

    let kind: Kind
    let bytes: ArraySlice<UInt8>
    /// White space or a comment stands before it.
    let isAfterBlank: Bool
}
