/// Two short texts line by line: what only the first has in red behind `-`, what only the second has in green behind `+`.
enum LineDiff {
    /// Longer texts are not compared: the table of a longest common subsequence grows with the product of their lines.
    private static let linesMax = 2_000

    static func text(_ old: String, _ new: String) -> String {
        let a = old.split(separator: "\n", omittingEmptySubsequences: false)
        let b = new.split(separator: "\n", omittingEmptySubsequences: false)
        guard a.count <= linesMax, b.count <= linesMax else { return removed(a).joined() + added(b).joined(separator: "\n") }
        let difference = b.difference(from: a)
        var gone: Set<Int> = []
        var come: Set<Int> = []
        for change in difference {
            switch change {
            case .remove(let offset, _, _): gone.insert(offset)
            case .insert(let offset, _, _): come.insert(offset)
            }
        }
        var out: [String] = []
        var (i, j) = (0, 0)
        while i < a.count || j < b.count {
            if i < a.count, gone.contains(i) {
                out += removed(a[i..<i + 1])
                i += 1
            } else if j < b.count, come.contains(j) {
                out += added(b[j..<j + 1])
                j += 1
            } else {
                if j < b.count { out.append("  \(b[j])") }
                i += 1
                j += 1
            }
        }
        return out.joined(separator: "\n")
    }

    private static func removed(_ lines: some Sequence<Substring>) -> [String] { lines.map { "\u{1B}[31m- \($0)\u{1B}[0m" } }

    private static func added(_ lines: some Sequence<Substring>) -> [String] { lines.map { "\u{1B}[32m+ \($0)\u{1B}[0m" } }
}
