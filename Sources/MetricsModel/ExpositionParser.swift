extension ParsedExposition {
    /// An exposition of a scraped process may be large, and one of 64 MB is a mistake.
    public static let sizeBytesMax = 64 << 20

    /// Reads an exposition in the text format 0.0.4 or OpenMetrics 1.0.0. Exemplars are passed over. Throws at the first fault, with
    /// its line and column. Linear in the bytes.
    ///
    /// Sources: prometheus.io, "Exposition formats"; OpenMetrics 1.0.0, "Text format".
    public init(_ bytes: [UInt8], _ format: ExpositionFormat) throws(ExpositionError) {
        guard bytes.count <= ParsedExposition.sizeBytesMax else {
            throw ExpositionError(message: "larger than \(ParsedExposition.sizeBytesMax) bytes", line: 1, column: 1)
        }
        var parser = ExpositionParser(bytes[...], format)
        try parser.run()
        families = parser.finished()
    }
}

/// Reads line by line; `#` lines open or complete a family, sample lines find theirs by name.
private struct ExpositionParser {
    private let format: ExpositionFormat
    private var cursor: ExpositionCursor
    private var families: [ParsedExposition.Family] = []
    private var places: [String: Int] = [:]
    /// The types given so far; a type may be given once, and before the family's samples.
    private var typed: Set<String> = []
    private var current: Int?

    init(_ bytes: ArraySlice<UInt8>, _ format: ExpositionFormat) {
        self.format = format
        cursor = ExpositionCursor(bytes)
    }

    mutating func run() throws(ExpositionError) {
        while !cursor.isAtEnd {
            if case .text = format { cursor.skipBlanks() }
            if cursor.peek == UInt8(ascii: "#") {
                if try comment() { return }
            } else if cursor.peek == UInt8(ascii: "\n") {
                if case .openMetrics = format { throw cursor.failure("an empty line") }
                try cursor.endLine()
            } else if !cursor.isAtEnd {
                try sample()
            }
        }
        if case .openMetrics = format { throw cursor.failure("# EOF is missing") }
    }

    /// A counter that was declared under its bare name gets the name of its samples.
    func finished() -> [ParsedExposition.Family] {
        families.map { family in
            guard family.type == .counter, !family.name.hasSuffix("_total"),
                format == .openMetrics
            else { return family }
            return ParsedExposition.Family(
                name: family.name + "_total", type: family.type, help: family.help, samples: family.samples)
        }
    }

    /// Reads a line that begins with `#`; true for the end of OpenMetrics.
    private mutating func comment() throws(ExpositionError) -> Bool {
        _ = cursor.skip(UInt8(ascii: "#"))
        cursor.skipBlanks()
        let start = cursor.position
        let keyword = String(decoding: cursor.word(), as: UTF8.self)
        switch (keyword, format) {
        case ("EOF", .openMetrics):
            try cursor.endLine()
            guard cursor.isAtEnd else { throw cursor.failure("text after # EOF") }
            return true
        case ("HELP", _): try help()
        case ("TYPE", _): try type()
        case ("UNIT", .openMetrics):
            cursor.skipBlanks()
            _ = family(try cursor.name(colons: true, "a metric name"))
            _ = cursor.restOfLine()
        default:
            if case .openMetrics = format { throw cursor.failure("expected HELP, TYPE, UNIT or EOF", at: start) }
            _ = cursor.restOfLine()
        }
        try cursor.endLine()
        return false
    }

    private mutating func help() throws(ExpositionError) {
        cursor.skipBlanks()
        let place = family(try cursor.name(colons: true, "a metric name"))
        // One blank divides; more belong to the text.
        if !cursor.skip(UInt8(ascii: " ")) { _ = cursor.skip(UInt8(ascii: "\t")) }
        let raw = cursor.restOfLine()
        var text: [UInt8] = []
        text.reserveCapacity(raw.count)
        var isEscaped = false
        for byte in raw {
            guard isEscaped || byte == UInt8(ascii: "\\") else {
                text.append(byte)
                continue
            }
            if !isEscaped {
                isEscaped = true
                continue
            }
            isEscaped = false
            switch (byte, format) {
            case (UInt8(ascii: "n"), _): text.append(UInt8(ascii: "\n"))
            case (UInt8(ascii: "\\"), _): text.append(UInt8(ascii: "\\"))
            case (UInt8(ascii: "\""), .openMetrics): text.append(UInt8(ascii: "\""))
            default: text += [UInt8(ascii: "\\"), byte]
            }
        }
        if isEscaped { text.append(UInt8(ascii: "\\")) }
        guard let valid = String(validating: text, as: UTF8.self) else {
            throw cursor.failure("HELP is not UTF-8", at: raw.startIndex)
        }
        families[place].help = valid
    }

    private mutating func type() throws(ExpositionError) {
        cursor.skipBlanks()
        let name = try cursor.name(colons: true, "a metric name")
        cursor.skipBlanks()
        let start = cursor.position
        let word = String(decoding: cursor.word(), as: UTF8.self)
        guard let type = MetricType(exposed: word) else { throw cursor.failure("no metric type '\(word)'", at: start) }
        let place = family(name)
        guard typed.insert(name).inserted else { throw cursor.failure("a second TYPE for \(name)") }
        guard families[place].samples.isEmpty else { throw cursor.failure("TYPE of \(name) after its samples") }
        families[place].type = type
        cursor.skipBlanks()
    }

    private mutating func sample() throws(ExpositionError) {
        let name = try cursor.name(colons: true, "a metric name")
        let nameEnd = cursor.position
        if case .text = format { cursor.skipBlanks() }
        let hasLabels = cursor.skip(UInt8(ascii: "{"))
        let labels = hasLabels ? try self.labels() : .empty
        cursor.skipBlanks()
        guard hasLabels || cursor.position > nameEnd else { throw cursor.failure("expected a blank and a value") }
        let value = try cursor.number("a value")
        cursor.skipBlanks()
        var timestamp: Int64?
        if let byte = cursor.peek, byte != UInt8(ascii: "\n"), byte != UInt8(ascii: "#") {
            let before = cursor
            let time = try cursor.number("a timestamp")
            // 0.0.4 gives milliseconds, OpenMetrics seconds.
            let milliseconds = format == .openMetrics ? (time * 1_000).rounded() : time
            guard let whole = Int64(exactly: milliseconds) else { throw before.failure("expected a timestamp") }
            timestamp = whole
            cursor.skipBlanks()
        }
        if format == .openMetrics, cursor.peek == UInt8(ascii: "#") { _ = cursor.restOfLine() }
        try cursor.endLine()
        families[familyOfSample(name)].samples.append(
            ParsedExposition.Sample(name: name, labels: labels, value: value, timestamp: timestamp))
    }

    /// The labels after `{`, up to and with `}`.
    private mutating func labels() throws(ExpositionError) -> Labels {
        var labels: [Label] = []
        while true {
            cursor.skipBlanks()
            if cursor.skip(UInt8(ascii: "}")) { break }
            let start = cursor.position
            let name = try cursor.name(colons: false, "a label name or }")
            guard !labels.contains(where: { $0.name == name }) else {
                throw cursor.failure("a second label \(name)", at: start)
            }
            cursor.skipBlanks()
            try cursor.expect("=", "expected = after the label name")
            cursor.skipBlanks()
            try cursor.expect("\"", "expected a quotation mark")
            labels.append(Label(name, try cursor.quotedText()))
            cursor.skipBlanks()
            if cursor.skip(UInt8(ascii: ",")) { continue }
            try cursor.expect("}", "expected , or }")
            break
        }
        return Labels(labels)
    }

    /// The place of a family named in a `#` line, made when it is new.
    private mutating func family(_ name: String) -> Int {
        let place = places[name] ?? families.count
        if place == families.count {
            places[name] = place
            families.append(.init(name: name, type: .unknown, help: "", samples: []))
        }
        current = place
        return place
    }

    /// Samples mostly follow their family's lines; otherwise the name without an ending of the type finds it, or it opens its own.
    private mutating func familyOfSample(_ name: String) -> Int {
        if let current, belongs(name, to: families[current]) { return current }
        if let known = places[name] {
            current = known
            return known
        }
        for suffix in ExpositionParser.suffixes where name.hasSuffix(suffix) {
            if let place = places[String(name.dropLast(suffix.count))], belongs(name, to: families[place]) {
                current = place
                return place
            }
        }
        return family(name)
    }

    private static let suffixes = Set(
        MetricType.allCases.flatMap { $0.sampleSuffixes(.openMetrics) + $0.sampleSuffixes(.text) })

    private func belongs(_ name: String, to family: ParsedExposition.Family) -> Bool {
        guard name.hasPrefix(family.name) else { return false }
        let suffix = name.dropFirst(family.name.count)
        return suffix.isEmpty || family.type.sampleSuffixes(format).contains { $0 == suffix }
    }
}
