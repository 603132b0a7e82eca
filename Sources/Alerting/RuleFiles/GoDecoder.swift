internal import YAML

/// What becomes of a key that no structure has.
public enum UnknownFields: Sendable {
    case refused
    case ignored
}

/// Reads the nodes of a document as Go's yaml library fills structures, and words what does not fit as it does. Reading goes on
/// after a finding, with the zero of the wanted type.
struct GoDecoder {
    struct Finding {
        let line: Int
        let column: Int
        /// Whether it belongs in the block of unmarshal errors; if not, it is the error of a type's own reading.
        let isStructural: Bool
        let message: String
        let hint: String?
    }

    let unknownFields: UnknownFields
    private(set) var findings: [Finding] = []

    init(unknownFields: UnknownFields) {
        self.unknownFields = unknownFields
    }

    /// The fields of a structure of this type; nothing (`~`) has none. A key that is not known is a finding.
    mutating func fields(_ node: YAMLNode, of type: String, known: [String]) -> [YAMLEntry] {
        let entries = entries(node, of: type)
        guard unknownFields == .refused else { return entries }
        for entry in entries where !known.contains(entry.key) {
            findings.append(
                Finding(
                    line: entry.keyLine, column: entry.keyColumn, isStructural: true,
                    message: "field \(entry.key) not found in type \(type)", hint: YAMLReader.hint(entry.key, known)))
        }
        return entries
    }

    mutating func entries(_ node: YAMLNode, of type: String) -> [YAMLEntry] {
        switch node.content {
        case .mapping(let entries): return entries
        case .sequence, .scalar:
            mismatch(node, type)
            return []
        }
    }

    /// The elements of a list of this type; nothing (`~`) has none.
    mutating func elements(_ node: YAMLNode, of type: String) -> [YAMLNode] {
        switch node.content {
        case .sequence(let nodes): return nodes
        case .mapping, .scalar:
            mismatch(node, type)
            return []
        }
    }

    /// The text of any scalar; nothing (`~`) is empty.
    mutating func string(_ node: YAMLNode) -> String {
        guard case .scalar(let scalar) = node.content else {
            mismatch(node, "string")
            return ""
        }
        return scalar.isNull ? "" : scalar.text
    }

    /// A mapping of texts to texts.
    mutating func texts(_ node: YAMLNode) -> [(entry: YAMLEntry, text: String)] {
        entries(node, of: "map[string]string").map { ($0, string($0.value)) }
    }

    /// A whole number; the part behind a point is cut off, as Go does.
    mutating func int(_ node: YAMLNode) -> Int {
        if case .scalar(let scalar) = node.content {
            switch scalar.resolved {
            case .int(let value): return Int(value)
            case .double(let value) where value.magnitude < 0x1p63: return Int(value)
            case .null: return 0
            case .double, .bool, .string: break
            }
        }
        mismatch(node, "int")
        return 0
    }

    mutating func double(_ node: YAMLNode) -> Double {
        if case .scalar(let scalar) = node.content {
            switch scalar.resolved {
            case .int(let value): return Double(value)
            case .double(let value): return value
            case .null: return 0
            case .bool, .string: break
            }
        }
        mismatch(node, "float64")
        return 0
    }

    mutating func bool(_ node: YAMLNode) -> Bool {
        if case .scalar(let scalar) = node.content {
            if let value = scalar.bool { return value }
            if scalar.isNull { return false }
        }
        mismatch(node, "bool")
        return false
    }

    /// A Prometheus duration in milliseconds; nil for nothing (`~`) and for what is none.
    mutating func duration(_ node: YAMLNode) -> Int64? {
        guard case .scalar(let scalar) = node.content else {
            mismatch(node, "string")
            return nil
        }
        guard !scalar.isNull else { return nil }
        do {
            return try PrometheusDuration.milliseconds(scalar.text)
        } catch {
            fail(node, error.message)
            return nil
        }
    }

    /// A finding of a type's own reading.
    mutating func fail(_ node: YAMLNode, _ message: String) {
        findings.append(Finding(line: node.line, column: node.column, isStructural: false, message: message, hint: nil))
    }

    private mutating func mismatch(_ node: YAMLNode, _ type: String) {
        let found: String
        switch node.content {
        case .sequence: found = "!!seq"
        case .mapping: found = "!!map"
        case .scalar(let scalar):
            let tag: String
            switch scalar.resolved {
            case .null: return
            case .bool: tag = "!!bool"
            case .int: tag = "!!int"
            case .double: tag = "!!float"
            case .string: tag = "!!str"
            }
            // decode.go shortens what it shows.
            let text =
                scalar.text.utf8.count > 10 ? String(decoding: scalar.text.utf8.prefix(7), as: UTF8.self) + "..." : scalar.text
            found = "\(tag) `\(text)`"
        }
        findings.append(
            Finding(
                line: node.line, column: node.column, isStructural: true, message: "cannot unmarshal \(found) into \(type)",
                hint: nil))
    }
}

extension YAMLScalar {
    var isNull: Bool {
        if case .null = resolved { true } else { false }
    }
}
