internal import MetricsModel
internal import PromQL

/// The input series of a test, handed out up to a time (promqltest's LazyLoader).
struct InputSeries {
    private struct Loaded {
        let labels: Labels
        let values: [Double?]
        var next = 0
    }

    private let start: Int64
    private let interval: Int64
    private var series: [Loaded] = []
    /// The first line that ends the list before its end, because it is empty or a comment: what comes after it is not read, as in
    /// promtool. Counted from 1.
    private(set) var cutAt: Int?

    /// Reads the series' notation. The error is worded as promtool words it: lines are counted with the `load` line that it puts first.
    init(_ input: [RuleTest.InputSeries], start: Int64, interval: Int64) throws(RuleTestError) {
        self.start = start
        self.interval = interval
        var places: [Labels: Int] = [:]
        var line = 1
        for (number, one) in input.enumerated() {
            // A value may hold line breaks; promtool reads each line for itself.
            for text in "  \(one.series) \(one.values)".split(separator: "\n", omittingEmptySubsequences: false) {
                line += 1
                let text = Self.trimmed(text)
                guard !text.isEmpty, !text.hasPrefix("#") else {
                    cutAt = number + 1
                    return
                }
                do {
                    let read = try SeriesNotation(text)
                    // Of equal series the last counts.
                    if let place = places[read.labels] {
                        series[place] = Loaded(labels: read.labels, values: read.values)
                    } else {
                        places[read.labels] = series.count
                        series.append(Loaded(labels: read.labels, values: read.values))
                    }
                } catch {
                    throw RuleTestError("\(line):\(max(1, error.column)): parse error: \(error.message)")
                }
            }
        }
    }

    /// Appends what lies at or before a time and was not appended yet.
    mutating func append(through time: Int64, to sink: TestSeries) {
        for place in series.indices {
            while series[place].next < series[place].values.count {
                let timestamp = start + Int64(series[place].next) * interval
                guard timestamp <= time else { break }
                if let value = series[place].values[series[place].next] {
                    sink.append(series[place].labels, at: timestamp, value)
                }
                series[place].next += 1
            }
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
        var bytes = text.utf8[...]
        while let first = bytes.first, isSpace(first) { bytes.removeFirst() }
        while let last = bytes.last, isSpace(last) { bytes.removeLast() }
        return String(Substring(bytes))
    }
}

/// Why a unit test could not be run.
struct RuleTestError: Error {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
