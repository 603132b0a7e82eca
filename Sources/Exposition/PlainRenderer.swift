public import MetricsModel

/// Renders a sample to text a chunk at a time, so that whoever sends thirteen megabytes need not hold them.
public struct PlainRenderer: Sequence, IteratorProtocol, Sendable {
    /// What a socket takes at once, more or less.
    private static let chunkBytes = 65_536
    private static let rowsAtOnce = 256

    private let sample: SampleSet
    private let format: ExpositionFormat
    private var family = 0
    /// In the family: nil before its header and points.
    private var column: Int?
    private var row = 0
    private var isDone = false

    public init(_ sample: SampleSet, _ format: ExpositionFormat) {
        self.sample = sample
        self.format = format
    }

    /// More of the text of `sample.encode(format, into:)`; nil at its end.
    public mutating func next() -> [UInt8]? {
        guard !isDone else { return nil }
        var out: [UInt8] = []
        out.reserveCapacity(Self.chunkBytes + Self.chunkBytes / 4)
        while out.count < Self.chunkBytes, !isDone { step(&out) }
        return out.isEmpty ? nil : out
    }

    private mutating func step(_ out: inout [UInt8]) {
        guard family < sample.families.count else {
            SampleSet.encodeEnd(format, into: &out)
            isDone = true
            return
        }
        let samples = sample.families[family]
        guard let place = column else {
            samples.encodeHeader(format, into: &out)
            samples.encodePoints(into: &out)
            column = 0
            return
        }
        guard place < samples.columns.count else {
            family += 1
            column = nil
            return
        }
        let end = Swift.min(row + Self.rowsAtOnce, samples.columns[place].rows.count)
        samples.encode(samples.columns[place], row..<end, into: &out)
        row = end
        if row == samples.columns[place].rows.count {
            column = place + 1
            row = 0
        }
    }
}
