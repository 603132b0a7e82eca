/// The first document of a YAML text.
public struct YAMLDocument: Sendable {
    /// nil when the text holds nothing but space and comments.
    public let root: YAMLNode?
    /// The line of a second document, which is not read; nil when there is none.
    public let nextDocumentLine: Int?

    /// Parses UTF-8 (or UTF-16 with a byte order mark).
    public init(_ bytes: some Collection<UInt8>, limits: YAMLLimits = YAMLLimits()) throws(YAMLError) {
        guard bytes.count <= limits.sizeBytesMax else {
            throw YAMLError(
                code: .tooLarge, message: "the text has \(bytes.count) bytes, more than the \(limits.sizeBytesMax) allowed",
                line: 1, column: 1)
        }
        var builder = YAMLTreeBuilder(limits: limits)
        var events = YAMLEvents(Array(bytes))
        while true {
            let event = try events.next()
            switch event.kind {
            case .documentStart where builder.isDone:
                root = builder.root
                nextDocumentLine = event.line
                return
            case .streamEnd:
                root = builder.root
                nextDocumentLine = nil
                return
            case .streamStart, .documentStart: break
            case .documentEnd: builder.endDocument()
            case .alias, .scalar, .sequenceStart, .mappingStart, .collectionEnd: try builder.take(event)
            }
        }
    }

    public init(_ text: String, limits: YAMLLimits = YAMLLimits()) throws(YAMLError) {
        try self.init(text.utf8, limits: limits)
    }
}
