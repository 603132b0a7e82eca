public import MetricsModel

/// A line of series notation, as rule unit tests and promqltest scripts write series: `up{job="x"} 1+2x3 _ stale`.
public struct SeriesNotation: Sendable {
    /// The most values that one line may stand for: a repetition is one token, its values are memory.
    public static let valuesMax = 10_000_000

    public let labels: Labels
    /// One per step; nil where there is no sample. `stale` is `staleMarker`.
    public let values: [Double?]

    /// Parses a line: `METRIC VALUE…`.
    public init(_ line: String) throws(PromQLError) {
        var parser = Parser(line, features: .all, isSeries: true)
        parser.read()
        labels = try parser.metric()
        values = try parser.seriesValues()
    }

    /// Parses labels alone: `up{job="x"}`.
    public static func labels(_ text: String) throws(PromQLError) -> Labels {
        var parser = Parser(text, features: .all)
        parser.read()
        let labels = try parser.metric()
        guard parser.token.kind == .endOfInput else { throw parser.unexpected() }
        return labels
    }

    /// Parses values alone, as unit tests give them: `1 2+1x5`.
    public static func values(_ text: String) throws(PromQLError) -> [Double?] {
        try SeriesNotation("{} " + text).values
    }
}

extension Parser {
    /// A name, labels in braces, or both.
    mutating func metric() throws(PromQLError) -> Labels {
        var labels: [Label] = []
        switch token.kind {
        case .leftBrace: break
        case .identifier, .metricIdentifier, .aggregator, .keyword, .op(.and), .op(.or), .op(.unless):
            labels.append(Label(Labels.metricName, take().text))
        default: throw unexpected()
        }
        guard token.kind == .leftBrace else { return Labels(labels) }
        take()
        while token.kind != .rightBrace {
            labels.append(try labelSetItem())
            if token.kind == .comma {
                take()
            } else if token.kind != .rightBrace {
                throw unexpected("label set", expected: "\",\" or \"}\"")
            }
        }
        take()
        return Labels(labels)
    }

    private mutating func labelSetItem() throws(PromQLError) -> Label {
        let name: String
        switch token.kind {
        case .identifier: name = take().text
        case .string:
            name = String(decoding: try unquoted(token), as: UTF8.self)
            take()
            guard token.kind == .equal else { return Label(Labels.metricName, name) }
        default: throw unexpected("label set", expected: "identifier or \"}\"")
        }
        guard token.kind == .equal else { throw unexpected("label set", expected: "\"=\"") }
        take()
        guard token.kind == .string else { throw unexpected("label set", expected: "string") }
        let value = String(decoding: try unquoted(token), as: UTF8.self)
        take()
        return Label(name, value)
    }

    mutating func seriesValues() throws(PromQLError) -> [Double?] {
        var values: [Double?] = []
        while token.kind == .space {
            take()
            if token.kind == .endOfInput { break }
            try seriesItem(&values)
        }
        guard token.kind == .endOfInput else { throw unexpected(token.kind == .space ? "series values" : "") }
        return values
    }

    private mutating func seriesItem(_ values: inout [Double?]) throws(PromQLError) {
        if token.kind == .blank {
            take()
            let count = token.kind == .times ? try repetition(after: values.count) : 1
            values += [Double?](repeating: nil, count: count)
            return
        }
        var value = try seriesValue()
        var increment = 0.0
        if case .op(let op) = token.kind, op == .add || op == .subtract {
            take()
            guard token.kind == .number || token.kind == .duration else { throw unexpected("series values") }
            let number = try numberLiteral().value
            increment = op == .add ? number : -number
            guard token.kind == .times else { throw unexpected("series values") }
        }
        let count = token.kind == .times ? try repetition(after: values.count) + 1 : 1
        for _ in 0..<count {
            values.append(value)
            value += increment
        }
    }

    private mutating func seriesValue() throws(PromQLError) -> Double {
        switch token.kind {
        case .identifier where token.text == "stale":
            take()
            return staleMarker
        case .number, .duration: return try numberLiteral().value
        case .op(.add), .op(.subtract):
            let negative = token.kind == .op(.subtract)
            take()
            guard token.kind == .number || token.kind == .duration else { throw unexpected("series values") }
            let value = try numberLiteral().value
            return negative ? -value : value
        case .identifier: throw unexpected("series values", expected: "number or \"stale\"")
        default: throw unexpected("series values")
        }
    }

    private mutating func repetition(after count: Int) throws(PromQLError) -> Int {
        take()
        guard token.kind == .number else { throw unexpected("series values") }
        guard let times = Int(token.text), times >= 0 else {
            throw error("invalid repetition in series values: \(goQuoted(token.text))", token.range)
        }
        guard times <= SeriesNotation.valuesMax - count else {
            throw error("a series may have at most \(SeriesNotation.valuesMax) values", token.range)
        }
        take()
        return times
    }
}
