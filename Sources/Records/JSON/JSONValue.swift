import MetricsModel

/// A JSON value as the rows hold it in their JSONB columns.
public enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// NaN and the infinities have no JSON form and are written as null.
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

extension JSONValue: Equatable {
    /// As JSONB compares: 1 and 1.0 are one number, texts are compared byte for byte (two spellings of `é` differ).
    public static func == (a: JSONValue, b: JSONValue) -> Bool {
        switch (a, b) {
        case (.null, .null): true
        case (.bool(let x), .bool(let y)): x == y
        case (.integer(let x), .integer(let y)): x == y
        case (.number(let x), .number(let y)): x == y
        case (.integer(let x), .number(let y)), (.number(let y), .integer(let x)): Int64(exactly: y) == x
        case (.string(let x), .string(let y)): sameBytes(x, y)
        case (.array(let x), .array(let y)): x == y
        case (.object(let x), .object(let y)): x == y
        case (.null, _), (.bool, _), (.integer, _), (.number, _), (.string, _), (.array, _), (.object, _): false
        }
    }
}

/// The members of a JSON object: each key once, in the order of the keys' bytes, so that equal objects are written alike.
///
/// Not a Dictionary, because Swift takes two Unicode spellings of a text for one key, and Postgres has two tables then.
public struct JSONObject: Sendable, Equatable {
    public struct Member: Sendable, Equatable {
        public let key: String
        public let value: JSONValue

        public init(_ key: String, _ value: JSONValue) {
            self.key = key
            self.value = value
        }

        public static func == (a: Member, b: Member) -> Bool { sameBytes(a.key, b.key) && a.value == b.value }
    }

    public private(set) var members: [Member]

    /// Of several members with one key the last holds, as in JSONB.
    public init(_ members: [Member] = []) {
        let sorted = members.enumerated().sorted { a, b in
            if sameBytes(a.element.key, b.element.key) { return a.offset < b.offset }
            return bytesPrecede(a.element.key, b.element.key)
        }
        var kept: [Member] = []
        for (_, member) in sorted {
            if let last = kept.last, sameBytes(last.key, member.key) { kept.removeLast() }
            kept.append(member)
        }
        self.members = kept
    }

    /// The value of a key; nil when the key is not there. O(number of members).
    public subscript(key: String) -> JSONValue? {
        members.first { sameBytes($0.key, key) }?.value
    }
}
