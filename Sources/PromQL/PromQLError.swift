/// A half-open range of byte offsets in the UTF-8 text of an expression.
public struct SourceRange: Sendable, Hashable {
    public var start: Int
    public var end: Int

    public init(_ start: Int, _ end: Int) {
        self.start = start
        self.end = end
    }

    func merged(_ other: SourceRange) -> SourceRange { SourceRange(start, other.end) }
}

/// Why an expression could not be parsed or evaluated.
public struct PromQLError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// The text is not PromQL, is wrongly typed, or uses what is not available here.
        case parse = "bad_data"
        /// The expression is fine but cannot be asked so: a range query for a string, a step of 0.
        case query
        /// The data did not fit the expression: many-to-many matching, equal label sets.
        case execution
        /// `QueryLimits.samples` was reached.
        case tooManySamples
        case timeout
        case canceled
        /// The source gave no answer.
        case storage
    }

    public let code: Code
    /// As Prometheus words it, without position.
    public let message: String
    /// The bytes that are to blame; for parse errors always there.
    public let range: SourceRange?
    /// 1-based, of the start of `range`; 0 when unknown.
    public let line: Int
    /// 1-based, in bytes; 0 when unknown.
    public let column: Int
    /// The value of `--enable-feature` that would allow what is refused; nil when none would.
    public internal(set) var missingFeature: String?

    public init(_ code: Code, _ message: String) {
        self.init(code, message, range: nil, in: [])
    }

    init(_ code: Code, _ message: String, range: SourceRange?, in text: [UInt8]) {
        self.code = code
        self.message = message
        self.range = range
        guard let range, !text.isEmpty else {
            line = 0
            column = 0
            return
        }
        (line, column) = lineAndColumn(of: range.start, in: text)
    }

    /// `1:3: parse error: unexpected …` for what is not PromQL, otherwise the message alone.
    public var description: String {
        switch code {
        case .parse where line > 0: "\(line):\(column): parse error: \(message)"
        case .parse: "unknown position: parse error: \(message)"
        case .query, .execution, .tooManySamples, .timeout, .canceled, .storage: message
        }
    }
}

/// Line and column (bytes), both 1-based, of an offset.
func lineAndColumn(of offset: Int, in text: [UInt8]) -> (line: Int, column: Int) {
    var line = 1
    var lineStart = 0
    for (index, byte) in text.prefix(offset).enumerated() where byte == UInt8(ascii: "\n") {
        line += 1
        lineStart = index + 1
    }
    return (line, offset - lineStart + 1)
}
