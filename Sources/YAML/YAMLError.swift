/// Why a text is not a YAML document that is taken here.
public struct YAMLError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable {
        case syntax, duplicateKey, unknownAlias, complexKey, badMerge, tooLarge, tooDeep, tooManyNodes
    }

    public let code: Code
    public let message: String
    /// 1-based.
    public let line: Int
    /// 1-based.
    public let column: Int
    /// As Go's yaml.v3 words it, which Prometheus reads its files with: `yaml: line 5: did not find expected key`.
    public let goText: String

    init(code: Code, message: String, line: Int, column: Int, goText: String? = nil) {
        self.code = code
        self.message = message
        self.line = line
        self.column = column
        self.goText = goText ?? "yaml: line \(line): \(message)"
    }

    public var description: String { "\(line):\(column): \(message)" }
}

/// Bounds of a document. A configuration or a rule file of ten thousand rules stays far below each.
public struct YAMLLimits: Sendable {
    /// The text, in bytes.
    public var sizeBytesMax = 32 << 20
    /// Collections within collections: whoever walks the tree may recurse.
    public var depthMax = 64
    /// Nodes with every alias counted as what it stands for: ten lines of aliases can mean a billion nodes.
    public var nodesMax = 2_000_000

    public init() {}
}
