private import Glibc

/// One label of a series.
public struct Label: Sendable, Hashable {
    public let name: String
    public let value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

extension Label {
    /// Byte for byte, as Prometheus compares labels. Swift's own `==` on strings would call two spellings of `é` one label.
    public static func == (a: Label, b: Label) -> Bool {
        sameBytes(a.name, b.name) && sameBytes(a.value, b.value)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(value)
    }
}

/// The labels of one series: sorted by name, each name once, no empty values (in Prometheus an empty label is an absent one).
public struct Labels: Sendable, Hashable {
    /// The reserved label that holds the metric name.
    public static let metricName = "__name__"
    public static let empty = Labels(sorted: [])

    public let pairs: [Label]
    /// FNV-1a over `name 0xFF value 0xFF`: stable over runs, computed once.
    public let fingerprint: UInt64

    /// Sorts; of two labels with one name the later wins; labels with an empty value are left out.
    public init(_ labels: some Sequence<Label>) {
        var kept: [Label] = []
        for label in labels {
            if let same = kept.firstIndex(where: { sameBytes($0.name, label.name) }) {
                kept[same] = label
            } else {
                kept.append(label)
            }
        }
        kept.removeAll { $0.value.isEmpty }
        kept.sort { bytesPrecede($0.name, $1.name) }
        self.init(sorted: kept)
    }

    public init(_ labels: [String: String]) {
        self.init(labels.map { Label($0.key, $0.value) })
    }

    /// `labels` must be sorted by name, unique, and without empty values.
    public init(sorted labels: [Label]) {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        for label in labels {
            for byte in label.name.utf8 { add(byte) }
            add(0xFF)
            for byte in label.value.utf8 { add(byte) }
            add(0xFF)
        }
        pairs = labels
        fingerprint = hash
    }

    /// The value of a label; nil when the series does not have it.
    public subscript(name: String) -> String? {
        pairs.first { sameBytes($0.name, name) }?.value
    }

    /// The metric name, or an empty string.
    public var name: String { self[Labels.metricName] ?? "" }

    public var isEmpty: Bool { pairs.isEmpty }

    /// With one label set, replaced or (by an empty value) removed.
    public func setting(_ name: String, to value: String) -> Labels {
        var changed = pairs.filter { !sameBytes($0.name, name) }
        guard !value.isEmpty else { return Labels(sorted: changed) }
        let place = changed.firstIndex { bytesPrecede(name, $0.name) } ?? changed.endIndex
        changed.insert(Label(name, value), at: place)
        return Labels(sorted: changed)
    }

    /// Without the labels of these names.
    public func removing(_ names: Set<String>) -> Labels {
        Labels(sorted: pairs.filter { !names.contains($0.name) })
    }

    public func removingMetricName() -> Labels {
        guard pairs.contains(where: { sameBytes($0.name, Labels.metricName) }) else { return self }
        return Labels(sorted: pairs.filter { !sameBytes($0.name, Labels.metricName) })
    }

    /// Only the labels of these names.
    public func keeping(_ names: Set<String>) -> Labels {
        Labels(sorted: pairs.filter { names.contains($0.name) })
    }

    /// With `others` added; where both have a label, the value of `others` holds.
    public func merging(_ others: Labels) -> Labels {
        if others.isEmpty { return self }
        return Labels(pairs + others.pairs)
    }

    public static func == (a: Labels, b: Labels) -> Bool {
        a.fingerprint == b.fingerprint && a.pairs == b.pairs
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(fingerprint)
    }
}

extension Labels: Comparable {
    /// The order of Prometheus' `labels.Compare`: by pairs of name and value, bytewise; a shorter prefix comes first.
    public static func < (a: Labels, b: Labels) -> Bool {
        for (x, y) in zip(a.pairs, b.pairs) {
            if !sameBytes(x.name, y.name) { return bytesPrecede(x.name, y.name) }
            if !sameBytes(x.value, y.value) { return bytesPrecede(x.value, y.value) }
        }
        return a.pairs.count < b.pairs.count
    }
}

extension Labels: CustomStringConvertible {
    /// As Prometheus prints a series: `name{label="value"}`, values quoted as Go's strconv.Quote does for plain text.
    public var description: String {
        let others = pairs.filter { $0.name != Labels.metricName }
        guard !others.isEmpty || name.isEmpty else { return name }
        let inner = others.map { "\($0.name)=\(quoted($0.value))" }.joined(separator: ", ")
        return "\(name){\(inner)}"
    }
}

/// `text` in double quotes, with `\`, `"` and control characters escaped.
public func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\\": out += "\\\\"
        case "\"": out += "\\\""
        case "\n": out += "\\n"
        case "\r": out += "\\r"
        case "\t": out += "\\t"
        default:
            if scalar.value < 0x20 || scalar.value == 0x7F {
                let hex = String(scalar.value, radix: 16)
                out += "\\x" + (hex.count == 1 ? "0" : "") + hex
            } else {
                out.unicodeScalars.append(scalar)
            }
        }
    }
    return out + "\""
}

/// Equality of the UTF-8 bytes. Swift's `==` compares what people read; native strings hand out their bytes at once.
public func sameBytes(_ a: String, _ b: String) -> Bool {
    let equal = a.utf8.withContiguousStorageIfAvailable { a in
        b.utf8.withContiguousStorageIfAvailable { b in
            guard a.count == b.count, let start = a.baseAddress, let other = b.baseAddress else { return a.count == b.count }
            return start == other || memcmp(start, other, a.count) == 0
        }
    }
    return (equal ?? nil) ?? a.utf8.elementsEqual(b.utf8)
}

/// Bytewise order of the UTF-8 texts.
public func bytesPrecede(_ a: String, _ b: String) -> Bool {
    a.utf8.lexicographicallyPrecedes(b.utf8)
}
