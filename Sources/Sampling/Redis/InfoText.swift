/// The answer to INFO, its fields found by name.
struct InfoText: Sendable {
    private var values: [String: String] = [:]
    /// `cmdstat_…`, `errorstat_…`, `latency_percentiles_usec_…`, `db…` and `slave…`: the name without its prefix, and the value's parts.
    private(set) var commands: [Entry] = []
    private(set) var errors: [Entry] = []
    private(set) var percentiles: [Entry] = []
    private(set) var databases: [Entry] = []
    private(set) var replicas: [Entry] = []

    struct Entry: Sendable {
        let name: String
        /// `a=1,b=2` in order.
        let parts: [(key: String, value: String)]

        subscript(key: String) -> String? { parts.first { $0.key == key }?.value }

        func number(_ key: String) -> Double? { self[key].flatMap { decimal($0) } }
    }

    init(_ bytes: [UInt8]) {
        values.reserveCapacity(256)
        var start = 0
        while start < bytes.count {
            let end = bytes[start...].firstIndex { $0 == 10 || $0 == 13 } ?? bytes.endIndex
            add(bytes[start..<end])
            start = end + 1
        }
    }

    private mutating func add(_ line: ArraySlice<UInt8>) {
        guard line.first != UInt8(ascii: "#"), let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
        let name = line[..<colon]
        // Values of the tables hold no colon but in addresses; the first one is the field's.
        let value = line[(colon + 1)...]
        if let rest = InfoText.rest(of: name, after: "cmdstat_") {
            commands.append(Entry(name: rest, parts: InfoText.parts(value)))
        } else if let rest = InfoText.rest(of: name, after: "errorstat_") {
            errors.append(Entry(name: rest, parts: InfoText.parts(value)))
        } else if let rest = InfoText.rest(of: name, after: "latency_percentiles_usec_") {
            percentiles.append(Entry(name: rest, parts: InfoText.parts(value)))
        } else if InfoText.isNumbered(name, "db"), value.contains(UInt8(ascii: "=")) {
            databases.append(Entry(name: text(name), parts: InfoText.parts(value)))
        } else if InfoText.isNumbered(name, "slave"), value.contains(UInt8(ascii: "=")) {
            replicas.append(Entry(name: text(name), parts: InfoText.parts(value)))
        } else {
            values[text(name)] = text(value)
        }
    }

    subscript(name: String) -> String? { values[name] }

    /// A number; `ok` and `up` are 1, `err`, `fail` and `down` are 0. Nil when the field is absent or other text.
    func number(_ name: String) -> Double? {
        switch values[name] {
        case .none: nil
        case .some("ok"), .some("up"): 1
        case .some("err"), .some("fail"), .some("down"): 0
        case .some(let text): decimal(text)
        }
    }

    private static func parts(_ value: ArraySlice<UInt8>) -> [(key: String, value: String)] {
        var parts: [(key: String, value: String)] = []
        parts.reserveCapacity(5)
        var rest = value
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: ",")) ?? rest.endIndex
            let part = rest[..<end]
            let equals = part.firstIndex(of: UInt8(ascii: "=")) ?? end
            parts.append((text(part[..<equals]), text(part[equals...].dropFirst())))
            rest = rest[end...].dropFirst()
        }
        return parts
    }

    /// What follows `prefix`; nil when the name does not begin with it.
    private static func rest(of name: ArraySlice<UInt8>, after prefix: StaticString) -> String? {
        let count = prefix.utf8CodeUnitCount
        return starts(name, prefix) ? text(name.dropFirst(count)) : nil
    }

    /// `prefix` and then only digits, at least one.
    private static func isNumbered(_ name: ArraySlice<UInt8>, _ prefix: StaticString) -> Bool {
        let count = prefix.utf8CodeUnitCount
        guard name.count > count, starts(name, prefix) else { return false }
        return name.dropFirst(count).allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    }

    private static func starts(_ name: ArraySlice<UInt8>, _ prefix: StaticString) -> Bool {
        prefix.withUTF8Buffer { name.starts(with: $0) }
    }
}

private func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

/// A number as INFO writes it. Digits with at most one point, and few enough of them, are read here: an integer below 2^53 divided by a
/// power of ten up to 10^15 is correctly rounded (Clinger 1990, 'How to read floating point numbers accurately'). The rest is left to Swift.
func decimal(_ text: String) -> Double? {
    var mantissa: Int64 = 0
    var divisor: Double = 1
    var (digits, hasPoint, isNegative) = (0, false, false)
    for (place, byte) in text.utf8.enumerated() {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            digits += 1
            mantissa = mantissa &* 10 &+ Int64(byte &- UInt8(ascii: "0"))
            if hasPoint { divisor *= 10 }
        case UInt8(ascii: ".") where !hasPoint: hasPoint = true
        case UInt8(ascii: "-") where place == 0: isNegative = true
        default: return Double(text)
        }
        if digits > 15 { return Double(text) }
    }
    guard digits > 0 else { return nil }
    let value = Double(mantissa) / divisor
    return isNegative ? -value : value
}
