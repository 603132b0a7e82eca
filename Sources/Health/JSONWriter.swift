/// Writes JSON (RFC 8259) into one buffer. Commas are its business; balanced objects and arrays come from the closures.
///
///     var json = JSONWriter()
///     json.object { json in json.member("status", "ok") }
public struct JSONWriter: Sendable {
    public private(set) var bytes: [UInt8] = []
    private var needsComma = false

    public init() {}

    public mutating func object<E: Error>(_ members: (inout JSONWriter) throws(E) -> Void) throws(E) {
        try enclosed(UInt8(ascii: "{"), UInt8(ascii: "}"), members)
    }

    public mutating func array<E: Error>(_ elements: (inout JSONWriter) throws(E) -> Void) throws(E) {
        try enclosed(UInt8(ascii: "["), UInt8(ascii: "]"), elements)
    }

    /// The name of a member; its value must follow.
    public mutating func key(_ name: String) {
        separate()
        text(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    public mutating func value(_ value: String) {
        separate()
        text(value)
    }

    public mutating func value(_ value: Bool) { literal(value ? "true" : "false") }
    public mutating func value(_ value: Int64) { literal("\(value)") }
    public mutating func value(_ value: Int) { literal("\(value)") }

    /// JSON has no NaN or infinity: they are written as null.
    public mutating func value(_ value: Double) {
        guard value.isFinite else { return null() }
        if value == value.rounded(), abs(value) < 1e15 { literal("\(Int64(value))") } else { literal("\(value)") }
    }

    public mutating func null() { literal("null") }

    /// Text that is JSON already.
    public mutating func raw(_ json: some Sequence<UInt8>) {
        separate()
        bytes += json
    }

    public mutating func member(_ name: String, _ value: String) {
        key(name)
        self.value(value)
    }

    public mutating func member(_ name: String, _ value: Bool) {
        key(name)
        self.value(value)
    }

    public mutating func member(_ name: String, _ value: Int) {
        key(name)
        self.value(value)
    }

    public mutating func member(_ name: String, _ value: Double) {
        key(name)
        self.value(value)
    }

    private mutating func enclosed<E: Error>(
        _ open: UInt8, _ close: UInt8, _ inner: (inout JSONWriter) throws(E) -> Void
    ) throws(E) {
        separate()
        bytes.append(open)
        needsComma = false
        try inner(&self)
        bytes.append(close)
        needsComma = true
    }

    private mutating func literal(_ text: String) {
        separate()
        bytes += text.utf8
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func text(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): bytes += "\\\"".utf8
            case UInt8(ascii: "\\"): bytes += "\\\\".utf8
            case 0x0A: bytes += "\\n".utf8
            case 0x0D: bytes += "\\r".utf8
            case 0x09: bytes += "\\t".utf8
            case 0..<0x20, 0x7F:
                let hex = String(byte, radix: 16)
                bytes += ("\\u00" + (hex.utf8.count == 1 ? "0" : "") + hex).utf8
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
