/// The server versions for which a user's query is meant, as ranges of `server_version_num`.
///
/// The notation is that of postgres_exporter's `runonserver` (https://pkg.go.dev/github.com/blang/semver#ParseRange): comparisons with a space
/// between them hold together, `||` stands between alternatives: `>=10 <13 || 15.x`. A version is written as people write it: `9.6`, `15`, `15.4`.
struct VersionRanges: Sendable, Hashable {
    struct Problem: Error {
        let message: String
    }

    let ranges: [Range<Int>]

    init(_ ranges: [Range<Int>]) { self.ranges = ranges.filter { !$0.isEmpty } }

    func contains(_ version: Int) -> Bool { ranges.contains { $0.contains(version) } }

    /// Throws what is wrong with a text.
    init(_ text: String) throws(Problem) {
        var all: [Range<Int>] = []
        for alternative in text.replacing("||", with: "|").split(separator: "|", omittingEmptySubsequences: false) {
            let words = VersionRanges.joiningOperators(alternative.split(whereSeparator: \.isWhitespace).map(String.init))
            guard !words.isEmpty else { throw VersionRanges.problem(text) }
            var ranges = [0..<Int.max]
            for word in words {
                guard let more = VersionRanges.comparison(word) else { throw VersionRanges.problem(text) }
                ranges = ranges.flatMap { range in more.map { range.clamped(to: $0) } }
            }
            all += ranges
        }
        self.init(all)
    }

    private static func problem(_ text: String) -> Problem {
        Problem(message: "'\(text.prefix(64))' is no range of versions; one is written like '>=13 <17', '<10 || >=14' or '15.x'")
    }

    /// `>= 13` is one comparison.
    private static func joiningOperators(_ words: [String]) -> [String] {
        var joined: [String] = []
        for word in words {
            if let last = joined.last, !last.isEmpty, last.allSatisfy({ "<>=!".contains($0) }) {
                joined[joined.count - 1] = last + word
            } else {
                joined.append(word)
            }
        }
        return joined
    }

    private static func comparison(_ word: String) -> [Range<Int>]? {
        let sign = String(word.prefix { "<>=!".contains($0) })
        guard let version = Version(word.dropFirst(sign.count)) else { return nil }
        let (from, next) = (version.number, version.next)
        switch sign {
        case "", "=", "==": return [from..<next]
        case "!", "!=": return [0..<from, next..<Int.max]
        case ">": return [next..<Int.max]
        case ">=": return [from..<Int.max]
        case "<": return [0..<from]
        case "<=": return [0..<next]
        default: return nil
        }
    }

    /// What is left out is free: `15` and `15.x` are all of 15, `15.4` is that minor version; `15.0.0` is 15.0 alone.
    private struct Version {
        let number: Int
        /// The first number behind it.
        let next: Int

        init?(_ text: Substring) {
            var parts = text.split(separator: ".", omittingEmptySubsequences: false)
            while let last = parts.last, last == "x" || last == "X" || last == "*" { parts.removeLast() }
            let numbers = parts.compactMap { part in part.count <= 4 && part.allSatisfy(\.isASCIIDigit) ? Int(part) : nil }
            guard numbers.count == parts.count, (1...3).contains(numbers.count), let major = numbers.first else { return nil }
            let minor = numbers.count > 1 ? numbers[1] : 0
            let patch = numbers.count > 2 ? numbers[2] : 0
            if major >= 10 {
                // Two parts since version 10; what stands in the third place is behind the second.
                number = major * 10_000 + minor + (patch > 0 ? 1 : 0)
                next = numbers.count == 1 ? (major + 1) * 10_000 : patch > 0 ? number : number + 1
            } else {
                number = major * 10_000 + minor * 100 + patch
                next = numbers.count == 1 ? (major + 1) * 10_000 : numbers.count == 2 ? number + 100 : number + 1
            }
        }
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { self >= "0" && self <= "9" }
}
