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
        let parts: [(key: Substring, value: Substring)]

        subscript(key: String) -> Substring? { parts.first { $0.key == key }?.value }

        func number(_ key: String) -> Double? { self[key].flatMap { Double($0) } }
    }

    init(_ bytes: [UInt8]) {
        values.reserveCapacity(256)
        for line in bytes.split(whereSeparator: { $0 == 10 || $0 == 13 }) {
            guard line.first != UInt8(ascii: "#"), let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let name = String(decoding: line[..<colon], as: UTF8.self)
            // Values of the tables hold no colon but in addresses; the first one is the field's.
            let value = String(decoding: line[(colon + 1)...], as: UTF8.self)
            if let rest = name.after("cmdstat_") {
                commands.append(Entry(name: rest, parts: InfoText.parts(value)))
            } else if let rest = name.after("errorstat_") {
                errors.append(Entry(name: rest, parts: InfoText.parts(value)))
            } else if let rest = name.after("latency_percentiles_usec_") {
                percentiles.append(Entry(name: rest, parts: InfoText.parts(value)))
            } else if value.utf8.contains(UInt8(ascii: "=")), name.isNumbered("db") {
                databases.append(Entry(name: name, parts: InfoText.parts(value)))
            } else if value.utf8.contains(UInt8(ascii: "=")), name.isNumbered("slave") {
                replicas.append(Entry(name: name, parts: InfoText.parts(value)))
            } else {
                values[name] = value
            }
        }
    }

    subscript(name: String) -> String? { values[name] }

    /// A number; `ok` and `up` are 1, `err`, `fail` and `down` are 0. Nil when the field is absent or other text.
    func number(_ name: String) -> Double? {
        switch values[name] {
        case .none: nil
        case .some("ok"), .some("up"): 1
        case .some("err"), .some("fail"), .some("down"): 0
        case .some(let text): Double(text)
        }
    }

    private static func parts(_ value: String) -> [(key: Substring, value: Substring)] {
        value.split(separator: ",").map { part in
            guard let equals = part.firstIndex(of: "=") else { return (part, "") }
            return (part[..<equals], part[part.index(after: equals)...])
        }
    }
}

extension String {
    /// What follows `prefix`; nil when the text does not begin with it.
    fileprivate func after(_ prefix: String) -> String? {
        utf8.starts(with: prefix.utf8) ? String(decoding: utf8.dropFirst(prefix.utf8.count), as: UTF8.self) : nil
    }

    /// `prefix` and then only digits, at least one.
    fileprivate func isNumbered(_ prefix: String) -> Bool {
        guard utf8.starts(with: prefix.utf8), utf8.count > prefix.utf8.count else { return false }
        return utf8.dropFirst(prefix.utf8.count).allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    }
}
