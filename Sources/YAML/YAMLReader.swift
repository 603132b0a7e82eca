/// Reads one node as a value of a wanted type. What does not fit becomes a finding of the report, and the answer is nil: reading
/// goes on with the next node.
///
///     let report = YAMLReport(file: "vitals.yml")
///     let root = report.read(bytes)?.fields(["sample", "rule_files"])
///     let files = root?["rule_files"]?.list { $0.string() } ?? []
///     let interval = root?["sample"]?.fields(["interval", "max_age"])?["interval"]?.duration()
///     guard report.findings.isEmpty else { … }
public struct YAMLReader {
    public let node: YAMLNode
    public let report: YAMLReport

    public init(_ node: YAMLNode, _ report: YAMLReport) {
        self.node = node
        self.report = report
    }

    /// Adds a finding at this node.
    public func fail(_ message: String) {
        report.add(message, line: node.line, column: node.column)
    }

    /// The text of any scalar, as yaml.v3 fills a Go string: `port: 1` is "1", and nothing (`~`) is "".
    public func string() -> String? {
        guard case .scalar(let scalar) = node.content else { return expected("a string") }
        return node.isNull ? "" : scalar.text
    }

    /// A string that must not be empty.
    public func nonEmptyString() -> String? {
        guard let text = string() else { return nil }
        guard !text.isEmpty else { return expected("a text that is not empty") }
        return text
    }

    public func int(in range: ClosedRange<Int> = Int.min...Int.max) -> Int? {
        let value: Int
        switch resolved {
        case .int(let whole): value = Int(whole)
        case .double(let double):
            guard let whole = Int(exactly: double) else { return expected("a whole number") }
            value = whole
        case .null, .bool, .string, nil: return expected("a whole number")
        }
        guard range.contains(value) else {
            if range.upperBound == .max { return failing("must be at least \(range.lowerBound), not \(value)") }
            if range.lowerBound == .min { return failing("must be at most \(range.upperBound), not \(value)") }
            return failing("must be between \(range.lowerBound) and \(range.upperBound), not \(value)")
        }
        return value
    }

    public func double() -> Double? {
        switch resolved {
        case .int(let whole): Double(whole)
        case .double(let value): value
        case .null, .bool, .string, nil: expected("a number")
        }
    }

    /// `true` or `false`, or a word of YAML 1.1 (`yes`, `off` …).
    public func bool() -> Bool? {
        guard case .scalar(let scalar) = node.content, let value = scalar.bool else { return expected("true or false") }
        return value
    }

    /// A Prometheus duration: `1m30s`, `100ms`, `0`.
    public func duration() -> Duration? {
        guard case .scalar(let scalar) = node.content, !node.isNull else { return expected("a duration such as 1m30s") }
        do {
            return try PrometheusDuration.parse(scalar.text)
        } catch {
            return failing(error.message + "; durations are written like 15s or 1h30m")
        }
    }

    /// The elements of a list; nothing (`~`) is an empty list.
    public func elements() -> [YAMLReader]? {
        if node.isNull { return [] }
        guard case .sequence(let nodes) = node.content else { return expected("a list") }
        return nodes.map { YAMLReader($0, report) }
    }

    /// The elements of a list that could be read; the others are findings.
    public func list<Element>(_ read: (YAMLReader) -> Element?) -> [Element]? {
        elements()?.compactMap(read)
    }

    /// A mapping with keys of the user's choice; nothing (`~`) is an empty one.
    public func entries() -> [(key: YAMLReader, name: String, value: YAMLReader)]? {
        if node.isNull { return [] }
        guard case .mapping(let entries) = node.content else { return expected("a mapping") }
        return entries.map { entry in
            let key = YAMLNode(.scalar(YAMLScalar(entry.key)), line: entry.keyLine, column: entry.keyColumn)
            return (YAMLReader(key, report), entry.key, YAMLReader(entry.value, report))
        }
    }

    /// A mapping with keys of ours. Each other key is a finding that names the one probably meant, or all that are known.
    public func fields(_ known: [String]) -> YAMLFields? {
        guard let entries = entries() else { return nil }
        for entry in entries where !known.contains(entry.name) {
            entry.key.fail("unknown key '\(entry.name)'; " + YAMLReader.hint(entry.name, known))
        }
        return YAMLFields(self, entries.map { ($0.name, $0.value) })
    }

    /// One of a closed set of words.
    public func choice<Value>(_ known: [(String, Value)]) -> Value? {
        guard let text = string() else { return nil }
        if let found = known.first(where: { $0.0 == text }) { return found.1 }
        return failing("unknown value '\(text)'; " + YAMLReader.hint(text, known.map(\.0)))
    }

    private var resolved: YAMLScalar.Resolved? {
        guard case .scalar(let scalar) = node.content else { return nil }
        return scalar.resolved
    }

    private func expected<Value>(_ what: String) -> Value? {
        failing("expected \(what), found \(node.kind)")
    }

    private func failing<Value>(_ message: String) -> Value? {
        fail(message)
        return nil
    }

    /// What the writer of an unknown word may have meant: `did you mean 'expr'?`, or all known words.
    public static func hint(_ word: String, _ known: [String]) -> String {
        let nearest = known.min { editDistance(word, $0) < editDistance(word, $1) }
        if let nearest, editDistance(word, nearest) <= max(1, nearest.utf8.count / 3) { return "did you mean '\(nearest)'?" }
        return "known: \(known.joined(separator: ", "))"
    }
}

/// The fields of a mapping with known keys.
public struct YAMLFields {
    /// The mapping itself, to report what is wrong with it as a whole.
    public let reader: YAMLReader
    private let fields: [(String, YAMLReader)]

    init(_ reader: YAMLReader, _ fields: [(String, YAMLReader)]) {
        self.reader = reader
        self.fields = fields
    }

    /// nil when the key is absent or has no value.
    public subscript(key: String) -> YAMLReader? {
        guard let found = fields.first(where: { $0.0 == key })?.1, !found.node.isNull else { return nil }
        return found
    }

    /// Whether the key stands there, with a value or without.
    public func has(_ key: String) -> Bool {
        fields.contains { $0.0 == key }
    }

    /// As the subscript; absence is a finding at the mapping.
    public func required(_ key: String) -> YAMLReader? {
        if let found = self[key] { return found }
        reader.fail("'\(key)' is missing")
        return nil
    }
}

/// The distance of two words in slips of the pen: a letter too many, too few, wrong, or two swapped (Damerau 1964, as optimal string
/// alignment), in bytes. A longer word is not compared: it is no slip of the pen.
func editDistance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a.utf8), Array(b.utf8))
    guard a.count <= 64, b.count <= 64 else { return max(a.count, b.count) }
    var beforeLast = [Int](repeating: 0, count: b.count + 1)
    var last = Array(0...b.count)
    for (i, x) in a.enumerated() {
        var row = [i + 1] + [Int](repeating: 0, count: b.count)
        for (j, y) in b.enumerated() {
            row[j + 1] = min(last[j] + (x == y ? 0 : 1), last[j + 1] + 1, row[j] + 1)
            if i > 0, j > 0, x == b[j - 1], y == a[i - 1] { row[j + 1] = min(row[j + 1], beforeLast[j - 1] + 1) }
        }
        (beforeLast, last) = (last, row)
    }
    return last[b.count]
}
