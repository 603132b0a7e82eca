/// Builds the tree of one document from events.
struct YAMLTreeBuilder {
    private enum Frame {
        case sequence([YAMLNode])
        case mapping(YAMLMappingBuilder)
    }

    private struct Open {
        var frame: Frame
        let anchor: String?
        let line: Int
        let column: Int
        /// Nodes built before this one began.
        let nodesBefore: Int
    }

    private struct Anchored {
        let node: YAMLNode
        let nodes: Int
        let depth: Int
    }

    private let limits: YAMLLimits
    private var open: [Open] = []
    private var anchors: [String: Anchored] = [:]
    private var nodes = 0
    private(set) var root: YAMLNode?
    private(set) var isDone = false

    init(limits: YAMLLimits) {
        self.limits = limits
    }

    mutating func endDocument() {
        isDone = true
    }

    mutating func take(_ event: YAMLEvent) throws(YAMLError) {
        switch event.kind {
        case .scalar(let scalar, let anchor):
            let node = YAMLNode(.scalar(scalar), line: event.line, column: event.column)
            try count(1, event)
            try add(node, anchor: anchor, nodes: 1, event)
        case .alias(let name):
            guard let target = anchors[name] else {
                throw YAMLError(
                    code: .unknownAlias, message: "unknown anchor '\(name)'", line: event.line, column: event.column,
                    goText: "yaml: unknown anchor '\(name)' referenced")
            }
            try count(target.nodes, event)
            guard open.count + target.depth <= limits.depthMax else { throw tooDeep(event) }
            try add(target.node, anchor: nil, nodes: target.nodes, event)
        case .sequenceStart(let anchor):
            try begin(.sequence([]), anchor, event)
        case .mappingStart(let anchor):
            try begin(.mapping(YAMLMappingBuilder()), anchor, event)
        case .collectionEnd:
            guard let last = open.popLast() else { return }
            let content: YAMLNode.Content =
                switch last.frame {
                case .sequence(let nodes): .sequence(nodes)
                case .mapping(let builder): .mapping(try builder.finish())
                }
            let node = YAMLNode(content, line: last.line, column: last.column)
            let start = YAMLEvent(kind: event.kind, line: last.line, column: last.column)
            try add(node, anchor: last.anchor, nodes: nodes - last.nodesBefore, start)
        case .streamStart, .streamEnd, .documentStart, .documentEnd:
            break
        }
    }

    private mutating func begin(_ frame: Frame, _ anchor: String?, _ event: YAMLEvent) throws(YAMLError) {
        guard open.count < limits.depthMax else { throw tooDeep(event) }
        open.append(Open(frame: frame, anchor: anchor, line: event.line, column: event.column, nodesBefore: nodes))
        try count(1, event)
    }

    private mutating func add(_ node: YAMLNode, anchor: String?, nodes: Int, _ event: YAMLEvent) throws(YAMLError) {
        if let anchor { anchors[anchor] = Anchored(node: node, nodes: nodes, depth: node.depth) }
        guard let top = open.indices.last else {
            root = node
            return
        }
        switch open[top].frame {
        case .sequence(var elements):
            // The frame lets go of its array first, so that appending does not copy it.
            open[top].frame = .sequence([])
            elements.append(node)
            open[top].frame = .sequence(elements)
        case .mapping(var builder):
            open[top].frame = .sequence([])
            try builder.add(node, line: event.line, column: event.column)
            open[top].frame = .mapping(builder)
        }
    }

    private mutating func count(_ more: Int, _ event: YAMLEvent) throws(YAMLError) {
        nodes += more
        guard nodes <= limits.nodesMax else {
            throw error(.tooManyNodes, "more than \(limits.nodesMax) nodes, aliases counted as what they stand for", event)
        }
    }

    private func tooDeep(_ event: YAMLEvent) -> YAMLError {
        error(.tooDeep, "nested deeper than \(limits.depthMax) levels", event)
    }

    private func error(_ code: YAMLError.Code, _ message: String, _ event: YAMLEvent) -> YAMLError {
        YAMLError(code: code, message: message, line: event.line, column: event.column)
    }
}

/// Gathers the keys and values of one mapping.
struct YAMLMappingBuilder {
    private struct Place {
        let index: Int
        let line: Int
    }

    private var entries: [YAMLEntry] = []
    private var places: [[UInt8]: Place] = [:]
    private var key: (text: String, line: Int, column: Int)?
    /// Mappings under `<<`, in the order of precedence.
    private var merged: [[YAMLEntry]] = []
    private var mergesHere = false

    mutating func add(_ node: YAMLNode, line: Int, column: Int) throws(YAMLError) {
        guard let pending = key else {
            guard case .scalar(let scalar) = node.content else {
                throw YAMLError(
                    code: .complexKey, message: "a key must be a plain value, not \(node.kind)", line: line, column: column)
            }
            mergesHere = scalar.text == "<<" && scalar.style == .plain
            let bytes = Array(scalar.text.utf8)
            if let first = places[bytes] {
                throw YAMLError(
                    code: .duplicateKey, message: "key '\(scalar.text)' already stands at line \(first.line)", line: line,
                    column: column,
                    goText:
                        "yaml: unmarshal errors:\n  line \(line): mapping key \"\(scalar.text)\" already defined at line \(first.line)"
                )
            }
            places[bytes] = Place(index: entries.count, line: line)
            key = (scalar.text, line, column)
            return
        }
        key = nil
        if mergesHere {
            try merge(node, line: line, column: column)
        } else {
            entries.append(YAMLEntry(key: pending.text, keyLine: pending.line, keyColumn: pending.column, value: node))
        }
    }

    func finish() throws(YAMLError) -> [YAMLEntry] {
        guard !merged.isEmpty else { return entries }
        var all = entries
        var known = Set(places.keys)
        for entry in merged.joined() where known.insert(Array(entry.key.utf8)).inserted {
            all.append(entry)
        }
        return all
    }

    /// The merge key of YAML 1.1 (https://yaml.org/type/merge.html): a mapping, or a list of mappings of falling precedence.
    private mutating func merge(_ node: YAMLNode, line: Int, column: Int) throws(YAMLError) {
        switch node.content {
        case .mapping(let entries):
            merged.append(entries)
        case .sequence(let nodes):
            for case .mapping(let entries) in nodes.map(\.content) { merged.append(entries) }
            guard nodes.allSatisfy({ if case .mapping = $0.content { true } else { false } }) else { fallthrough }
        case .scalar:
            throw YAMLError(code: .badMerge, message: "'<<' takes a mapping or a list of mappings", line: line, column: column)
        }
    }
}

extension YAMLNode {
    /// Collections within this node, itself included.
    fileprivate var depth: Int {
        switch content {
        case .scalar: 0
        case .sequence(let nodes): 1 + (nodes.lazy.map(\.depth).max() ?? 0)
        case .mapping(let entries): 1 + (entries.lazy.map(\.value.depth).max() ?? 0)
        }
    }
}
