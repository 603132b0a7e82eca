/// One node of a parsed YAML document, with the place where it starts in the text.
public struct YAMLNode: Sendable {
    public enum Content: Sendable {
        case scalar(YAMLScalar)
        case sequence([YAMLNode])
        /// In the order of the text; keys are scalars and unique.
        case mapping([YAMLEntry])
    }

    public let content: Content
    /// 1-based.
    public let line: Int
    /// 1-based, in characters.
    public let column: Int

    public init(_ content: Content, line: Int, column: Int) {
        self.content = content
        self.line = line
        self.column = column
    }

    /// The value of a key of a mapping; nil when the node is no mapping or has no such key.
    public subscript(key: String) -> YAMLNode? {
        guard case .mapping(let entries) = content else { return nil }
        return entries.first { $0.key == key }?.value
    }

    /// What the node is, for messages: `a mapping`, `a list`, `a string`, `a number` …
    public var kind: String {
        switch content {
        case .scalar(let scalar): scalar.resolved.kind
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }

    /// Whether the node is a scalar that stands for nothing: empty, `~` or `null`.
    public var isNull: Bool {
        guard case .scalar(let scalar) = content, case .null = scalar.resolved else { return false }
        return true
    }

    /// The same tree with the text of every scalar value (not of keys) replaced, for example with `${NAME}` expanded.
    public func mappingScalars<Failure: Error>(
        _ transform: (_ scalar: YAMLScalar, _ line: Int, _ column: Int) throws(Failure) -> String
    ) throws(Failure) -> YAMLNode {
        switch content {
        case .scalar(let scalar):
            let text = try transform(scalar, line, column)
            return YAMLNode(.scalar(YAMLScalar(text, style: scalar.style, tag: scalar.tag)), line: line, column: column)
        case .sequence(let nodes):
            var mapped: [YAMLNode] = []
            for node in nodes { mapped.append(try node.mappingScalars(transform)) }
            return YAMLNode(.sequence(mapped), line: line, column: column)
        case .mapping(let entries):
            var mapped: [YAMLEntry] = []
            for entry in entries {
                let value = try entry.value.mappingScalars(transform)
                mapped.append(YAMLEntry(key: entry.key, keyLine: entry.keyLine, keyColumn: entry.keyColumn, value: value))
            }
            return YAMLNode(.mapping(mapped), line: line, column: column)
        }
    }
}

/// One key of a mapping with its value.
public struct YAMLEntry: Sendable {
    public let key: String
    public let keyLine: Int
    public let keyColumn: Int
    public let value: YAMLNode

    public init(key: String, keyLine: Int, keyColumn: Int, value: YAMLNode) {
        self.key = key
        self.keyLine = keyLine
        self.keyColumn = keyColumn
        self.value = value
    }
}
