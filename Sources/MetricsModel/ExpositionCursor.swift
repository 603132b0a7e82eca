/// A place in the bytes of an exposition, with the small steps of its grammar.
struct ExpositionCursor {
    let bytes: ArraySlice<UInt8>
    private(set) var position: Int
    private var line = 1
    private var lineStart: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
        lineStart = position
    }

    var isAtEnd: Bool { position >= bytes.endIndex }

    var peek: UInt8? { position < bytes.endIndex ? bytes[position] : nil }

    /// A fault in the present line: here, or `at` a position that was passed.
    func failure(_ message: String, at place: Int? = nil) -> ExpositionError {
        ExpositionError(message: message, line: line, column: (place ?? position) - lineStart + 1)
    }

    mutating func skip(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        position += 1
        return true
    }

    mutating func expect(_ scalar: Unicode.Scalar, _ message: String) throws(ExpositionError) {
        guard skip(UInt8(ascii: scalar)) else { throw failure(message) }
    }

    mutating func skipBlanks() {
        while let byte = peek, byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") { position += 1 }
    }

    /// Steps over the line feed, or fails with what else stands there.
    mutating func endLine() throws(ExpositionError) {
        if isAtEnd { return }
        guard skip(UInt8(ascii: "\n")) else { throw failure("unexpected text at the end of the line") }
        line += 1
        lineStart = position
    }

    /// The rest of the line, without the line feed.
    mutating func restOfLine() -> ArraySlice<UInt8> {
        let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
        defer { position = end }
        return bytes[position..<end]
    }

    /// The bytes up to the next blank or line feed.
    mutating func word() -> ArraySlice<UInt8> {
        let start = position
        while let byte = peek, byte != UInt8(ascii: " "), byte != UInt8(ascii: "\t"), byte != UInt8(ascii: "\n") { position += 1 }
        return bytes[start..<position]
    }

    /// A metric name `[a-zA-Z_:][a-zA-Z0-9_:]*`, or without colons that of a label.
    mutating func name(colons: Bool, _ what: String) throws(ExpositionError) -> String {
        let start = position
        while let byte = peek, isNameByte(byte, first: position == start, colons: colons) { position += 1 }
        guard position > start else { throw failure("expected \(what)") }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// Text between quotation marks, the first of which is passed already.
    mutating func quotedText() throws(ExpositionError) -> String {
        let start = position
        guard let end = bytes[start...].firstIndex(where: isSpecialInQuotes) else { throw failure("a quotation mark is missing") }
        var text: [UInt8] = Array(bytes[start..<end])
        position = end
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                guard let valid = String(validating: text, as: UTF8.self) else { throw failure("the value is not UTF-8") }
                return valid
            case UInt8(ascii: "\n"): throw failure("a quotation mark is missing")
            case UInt8(ascii: "\\"):
                position += 1
                switch peek {
                case UInt8(ascii: "n"): text.append(UInt8(ascii: "\n"))
                case UInt8(ascii: "\\"): text.append(UInt8(ascii: "\\"))
                case UInt8(ascii: "\""): text.append(UInt8(ascii: "\""))
                default: throw failure("\\ must be followed by n, \\ or \" in a label value")
                }
                position += 1
            default:
                text.append(byte)
                position += 1
            }
        }
        throw failure("a quotation mark is missing")
    }

    /// A number as Go's strconv.ParseFloat takes it, but no hexadecimal and no underscores.
    mutating func number(_ what: String) throws(ExpositionError) -> Double {
        let text = word()
        guard let value = parseNumber(text) else { throw failure("expected \(what)", at: text.startIndex) }
        return value
    }
}

private func isSpecialInQuotes(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "\n")
}

private func isNameByte(_ byte: UInt8, first: Bool, colons: Bool) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"): !first
    case UInt8(ascii: ":"): colons
    default: false
    }
}

private func parseNumber(_ text: ArraySlice<UInt8>) -> Double? {
    var digits = text
    let sign = digits.first
    if sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { digits = digits.dropFirst() }
    guard let first = digits.first else { return nil }
    if first == UInt8(ascii: ".") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) {
        guard digits.allSatisfy({ $0 != UInt8(ascii: "x") && $0 != UInt8(ascii: "X") && $0 != UInt8(ascii: "_") }) else {
            return nil
        }
        // Swift wants a digit on both sides of the point, where Go does with one.
        var spelt = sign == UInt8(ascii: "-") ? "-" : ""
        if first == UInt8(ascii: ".") {
            guard digits.dropFirst().first.map({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) == true else {
                return nil
            }
            spelt += "0"
        }
        spelt += String(decoding: digits, as: UTF8.self)
        return Double(spelt)
    }
    switch String(decoding: digits, as: UTF8.self).lowercased() {
    case "inf", "infinity": return sign == UInt8(ascii: "-") ? -Double.infinity : .infinity
    case "nan": return sign == first ? .nan : nil
    default: return nil
    }
}
