/// The path and query of a request line, decoded (RFC 3986).
struct RequestTarget: Sendable {
    let path: String
    let query: FormFields

    /// nil when it is no path, or its percent escapes do not give UTF-8 without control characters.
    init?(_ raw: String) {
        var target = Substring(raw)
        // The absolute form (RFC 9112, 3.2.2) that a proxy sends.
        for scheme in ["http://", "https://"] where target.hasPrefix(scheme) {
            let rest = target.dropFirst(scheme.count)
            target = rest.firstIndex(of: "/").map { rest[$0...] } ?? "/"
        }
        guard target.utf8.first == UInt8(ascii: "/") else { return nil }
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let path = percentDecoded(first.utf8, plusIsSpace: false),
            !path.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F })
        else { return nil }
        guard let query = FormFields(parsing: parts.count > 1 ? String(parts[1]) : "") else { return nil }
        self.path = path
        self.query = query
    }
}

/// The fields of a query or a form body, in their order; names may repeat.
struct FormFields: Sendable {
    /// More fields than any query of ours has.
    static let fieldsMax = 1_000

    private(set) var pairs: [(name: String, value: String)] = []

    /// `application/x-www-form-urlencoded`. nil when an escape is wrong, the text is not UTF-8, or there are too many fields.
    init?(parsing text: String) {
        for field in text.utf8.split(separator: UInt8(ascii: "&")) {
            guard pairs.count < Self.fieldsMax else { return nil }
            let parts = field.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let first = parts.first, let name = percentDecoded(first, plusIsSpace: true) else { return nil }
            var value = ""
            if parts.count > 1 {
                guard let decoded = percentDecoded(parts[1], plusIsSpace: true) else { return nil }
                value = decoded
            }
            pairs.append((name, value))
        }
    }

    /// The first value of a name.
    subscript(name: String) -> String? { pairs.first { $0.name == name }?.value }

    func all(_ name: String) -> [String] { pairs.filter { $0.name == name }.map(\.value) }

    mutating func append(_ others: FormFields) { pairs += others.pairs }
}

/// nil for an incomplete escape or bytes that are not UTF-8.
func percentDecoded(_ text: some Sequence<UInt8>, plusIsSpace: Bool) -> String? {
    var bytes: [UInt8] = []
    var iterator = text.makeIterator()
    while let byte = iterator.next() {
        switch byte {
        case UInt8(ascii: "%"):
            guard let high = iterator.next().flatMap(hexValue), let low = iterator.next().flatMap(hexValue) else { return nil }
            bytes.append(high << 4 | low)
        case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
        default: bytes.append(byte)
        }
    }
    return String(validating: bytes, as: UTF8.self)
}

func hexValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
}
