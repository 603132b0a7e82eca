internal import CYAML

/// One event of libyaml's parser, with values of Swift.
struct YAMLEvent {
    enum Kind {
        case streamStart, streamEnd, documentStart, documentEnd
        case alias(String)
        case scalar(YAMLScalar, anchor: String?)
        case sequenceStart(anchor: String?)
        case mappingStart(anchor: String?)
        case collectionEnd
    }

    let kind: Kind
    let line: Int
    let column: Int
}

/// libyaml's event parser over one text.
@safe struct YAMLEvents: ~Copyable {
    // The parser keeps pointers to itself and to its input, so both stay at one address.
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>

    init(_ bytes: [UInt8]) {
        unsafe input = .allocate(capacity: bytes.count)
        _ = unsafe input.initialize(from: bytes)
        unsafe parser = .allocate(capacity: 1)
        unsafe parser.initialize(to: yaml_parser_t())
        // Fails only without memory; then the first parse reports an error.
        if unsafe yaml_parser_initialize(parser) == 1 {
            unsafe yaml_parser_set_input_string(parser, UnsafePointer(input.baseAddress), input.count)
        }
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
        unsafe input.deallocate()
    }

    mutating func next() throws(YAMLError) -> YAMLEvent {
        var raw = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(parser, &raw) == 1 else { throw failure() }
        defer { unsafe yaml_event_delete(&raw) }
        let kind: YAMLEvent.Kind
        switch unsafe raw.type {
        case YAML_STREAM_START_EVENT: kind = .streamStart
        case YAML_DOCUMENT_START_EVENT: kind = .documentStart
        case YAML_DOCUMENT_END_EVENT: kind = .documentEnd
        case YAML_ALIAS_EVENT: kind = unsafe .alias(Self.string(raw.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT: kind = unsafe Self.scalar(raw.data.scalar)
        case YAML_SEQUENCE_START_EVENT: kind = unsafe .sequenceStart(anchor: Self.string(raw.data.sequence_start.anchor))
        case YAML_MAPPING_START_EVENT: kind = unsafe .mappingStart(anchor: Self.string(raw.data.mapping_start.anchor))
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: kind = .collectionEnd
        default: kind = .streamEnd
        }
        return unsafe YAMLEvent(kind: kind, line: raw.start_mark.line + 1, column: raw.start_mark.column + 1)
    }

    private typealias RawScalar = yaml_event_s.__Unnamed_union_data.__Unnamed_struct_scalar

    private static func scalar(_ raw: RawScalar) -> YAMLEvent.Kind {
        let text = unsafe String(decoding: UnsafeBufferPointer(start: raw.value, count: raw.length), as: UTF8.self)
        let style: YAMLScalar.Style =
            switch unsafe raw.style {
            case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
            case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
            case YAML_LITERAL_SCALAR_STYLE: .literal
            case YAML_FOLDED_SCALAR_STYLE: .folded
            default: .plain
            }
        return unsafe .scalar(YAMLScalar(text, style: style, tag: string(raw.tag)), anchor: string(raw.anchor))
    }

    private static func string(_ raw: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        guard let raw = unsafe raw else { return nil }
        return unsafe String(cString: raw)
    }

    private func failure() -> YAMLError {
        func text(_ raw: UnsafePointer<CChar>?) -> String? {
            guard let raw = unsafe raw else { return nil }
            return unsafe String(cString: raw)
        }
        let problem = unsafe text(parser.pointee.problem) ?? "out of memory"
        let context = unsafe text(parser.pointee.context)
        let isReader = unsafe parser.pointee.error == YAML_READER_ERROR
        let mark = unsafe isReader ? parser.pointee.mark : parser.pointee.problem_mark
        return YAMLError(
            code: .syntax, message: context.map { "\(problem) \($0)" } ?? problem,
            line: mark.line + 1, column: mark.column + 1, goText: "yaml: \(goPlace())\(problem)")
    }

    /// The place as yaml.v3 gives it: the context's line where there is one, one less than counted from 1 unless the scanner
    /// complains, and none for the first line.
    private func goPlace() -> String {
        let (context, problem) = unsafe (parser.pointee.context_mark.line, parser.pointee.problem_mark.line)
        let mark = context != 0 ? context : problem
        guard mark != 0 else { return "" }
        let isScanner = unsafe parser.pointee.error == YAML_SCANNER_ERROR
        return "line \(isScanner ? mark + 1 : mark): "
    }
}
