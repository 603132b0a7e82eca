import CRE2
public import MetricsModel

/// A compiled regular expression: RE2 syntax, matching in linear time. The compiled form is immutable and may be used from several
/// threads at once.
public final class RegularExpression: LabelPattern {
    /// As written.
    public let text: String
    public let literals: [String]?
    private let pattern: Compiled

    /// Owns the C++ object. RE2 objects are safe for concurrent matching (re2.h, "thread-safe").
    private struct Compiled: @unchecked Sendable {
        let pointer: OpaquePointer
    }

    /// Compiles; throws when `text` is not the syntax of Go's regexp, in Go's words. `isAnchored` as label matchers are: it must match
    /// the whole text, and a dot also matches a newline.
    public init(_ text: String, isAnchored: Bool = true) throws(PromQLError) {
        if let unsupported = RegularExpression.singleByteEscape(in: text) {
            throw PromQLError(.parse, "error parsing regexp: invalid escape sequence: `\(unsupported)`")
        }
        var source = RegularExpression.withRE2GroupNames(text)
        var reason = CRE2_INTERNAL
        var argument = [CChar](repeating: 0, count: 256)
        let compiled = source.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                // An empty string may have no address.
                var none: CChar = 0
                return withUnsafePointer(to: &none) { empty in
                    cre2_compile(
                        characters.baseAddress ?? empty, characters.count, isAnchored, &reason, &argument, argument.count)
                }
            }
        }
        guard let compiled else {
            let end = argument.firstIndex(of: 0) ?? argument.endIndex
            let part = String(decoding: argument[..<end].map(UInt8.init(bitPattern:)), as: UTF8.self)
            throw PromQLError(.parse, "error parsing regexp: \(RegularExpression.words(for: reason)): `\(part)`")
        }
        self.text = text
        literals = isAnchored ? RegularExpression.alternatives(of: text) : nil
        pattern = Compiled(pointer: compiled)
    }

    deinit { cre2_free(pattern.pointer) }

    public func matches(_ value: String) -> Bool {
        if let literals { return literals.contains { sameBytes($0, value) } }
        var value = value
        return value.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { cre2_matches(pattern.pointer, $0.baseAddress, $0.count) }
        }
    }

    /// The byte ranges of the groups of the first match at or after `start`, the whole match first; nil for a group that took no
    /// part. Nil when nothing matches.
    public func firstMatch(in text: [UInt8], from start: Int = 0) -> [Range<Int>?]? {
        guard start <= text.count else { return nil }
        let groups = groupCount + 1
        var offsets = [Int](repeating: -1, count: 2 * groups)
        let found = text.withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                cre2_find(pattern.pointer, characters.baseAddress, characters.count, start, Int32(groups), &offsets)
            }
        }
        guard found else { return nil }
        return (0..<groups).map { group in
            let (begin, end) = (offsets[2 * group], offsets[2 * group + 1])
            return begin < 0 ? nil : begin..<end
        }
    }

    /// The number of capturing groups, without the whole match.
    public var groupCount: Int { Int(cre2_group_count(pattern.pointer)) }

    /// The index of a named group.
    public func groupIndex(named name: String) -> Int? {
        var name = name
        let index = name.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                guard let start = characters.baseAddress else { return Int32(-1) }
                return cre2_group_index(pattern.pointer, start, characters.count)
            }
        }
        return index < 0 ? nil : Int(index)
    }

    /// Every match replaced by `template`, in which `$1`, `$name`, `${name}` stand for groups and `$$` for a dollar, as in Go's
    /// Regexp.ReplaceAllString. Templates' `reReplaceAll`.
    public func replacingMatches(in text: String, with template: String) -> String {
        let bytes = Array(text.utf8)
        var out: [UInt8] = []
        var copied = 0
        var search = 0
        var lastMatchEnd = -1
        while search <= bytes.count, let groups = firstMatch(in: bytes, from: search), let whole = groups.first ?? nil {
            // Go skips an empty match that touches the one before.
            if whole.isEmpty, whole.lowerBound == lastMatchEnd {
                search = nextCharacter(after: whole.upperBound, in: bytes)
                continue
            }
            out += bytes[copied..<whole.lowerBound]
            out += expand(template, groups: groups, in: bytes)
            copied = whole.upperBound
            lastMatchEnd = whole.upperBound
            search = whole.isEmpty ? nextCharacter(after: whole.upperBound, in: bytes) : whole.upperBound
        }
        out += bytes[min(copied, bytes.count)...]
        return String(decoding: out, as: UTF8.self)
    }

    /// `template` with the groups of a match filled in, as Go's Regexp.Expand: the longest name of letters, digits and underscores
    /// counts, an unknown group is empty.
    public func expand(_ template: String, groups: [Range<Int>?], in text: [UInt8]) -> [UInt8] {
        let template = Array(template.utf8)
        var out: [UInt8] = []
        var index = 0
        while index < template.count {
            let byte = template[index]
            index += 1
            guard byte == UInt8(ascii: "$"), index < template.count else {
                out.append(byte)
                continue
            }
            if template[index] == UInt8(ascii: "$") {
                out.append(byte)
                index += 1
                continue
            }
            let isBraced = template[index] == UInt8(ascii: "{")
            let nameStart = isBraced ? index + 1 : index
            let nameEnd = template[nameStart...].firstIndex { !isLetterOrDigit($0) } ?? template.count
            let isClosed = !isBraced || nameEnd < template.count && template[nameEnd] == UInt8(ascii: "}")
            guard nameEnd > nameStart, isClosed else {
                out.append(byte)
                continue
            }
            let name = String(decoding: template[nameStart..<nameEnd], as: UTF8.self)
            index = isBraced ? nameEnd + 1 : nameEnd
            let group = name.utf8.allSatisfy(isDigit) ? Int(name) : groupIndex(named: name)
            if let group, groups.indices.contains(group), let range = groups[group] { out += text[range] }
        }
        return out
    }

    private func nextCharacter(after position: Int, in bytes: [UInt8]) -> Int {
        var next = position + 1
        while next < bytes.count, bytes[next] & 0xC0 == 0x80 { next += 1 }
        return next
    }

    /// The alternatives of `a|b|c` when none of them has a special character.
    private static func alternatives(of text: String) -> [String]? {
        let special: Set<UInt8> = Set("\\.+*?()[]{}^$".utf8)
        guard !text.utf8.contains(where: special.contains) else { return nil }
        return text.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
    }
}
