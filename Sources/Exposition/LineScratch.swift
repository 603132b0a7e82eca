import MetricsModel

/// Makes the lines of a stretch of a column, and at the same time says them as deflate does: each line as what differs from the line
/// before. Lines of one family over shared rows are the same but for a few bytes of a label and the digits, and where those stand is
/// known; zlib would look for it in every byte.
@safe struct LineScratch: ~Copyable {
    /// A match shorter than this takes no fewer bits than its bytes do.
    private static let matchMin = 5

    private let plain: UnsafeMutablePointer<UInt8>
    private let tokens: UnsafeMutablePointer<BlockWriter.Token>
    /// Of `plain` in bytes and of `tokens`, of which there are no more than bytes.
    private let capacity: Int
    private var plainCount = 0
    private var tokenCount = 0
    /// The match that may go on: where it starts, and how far back its bytes stand.
    private var matchStart = 0
    private var matchLength = 0
    private var matchDistance = 0
    /// Up to where bytes have become tokens or the match.
    private var told = 0

    init(capacity: Int) {
        self.capacity = capacity
        unsafe plain = .allocate(capacity: capacity)
        unsafe tokens = .allocate(capacity: capacity)
    }

    deinit {
        unsafe plain.deallocate()
        unsafe tokens.deallocate()
    }

    /// The room that lines of these rows need, whatever their values are.
    static func capacity(name: [UInt8], rows: SeriesRows, _ range: Range<Int>) -> Int {
        rows.offsets[range.upperBound] - rows.offsets[range.lowerBound]
            + range.count * (name.count + numberLengthMax + 1)
    }

    /// Starts anew with the lines of these rows, whose plan `plan` is. The scratch must have the room.
    mutating func fill(name: [UInt8], rows: SeriesRows, values: [Double], _ range: Range<Int>, _ plan: RowPlan) {
        precondition(Self.capacity(name: name, rows: rows, range) <= capacity, "the lines fit")
        plainCount = 0
        tokenCount = 0
        matchLength = 0
        told = 0
        unsafe name.withUnsafeBufferPointer { name in
            unsafe rows.text.withUnsafeBufferPointer { text in
                unsafe values.withUnsafeBufferPointer { values in
                    unsafe lines(name, text, rows.offsets, values, range, plan)
                }
            }
        }
        endMatch()
    }

    /// The lines, and what they are for deflate.
    func withContents<Result>(
        _ body: (UnsafeBufferPointer<UInt8>, UnsafeBufferPointer<BlockWriter.Token>) -> Result
    ) -> Result {
        unsafe body(
            UnsafeBufferPointer(start: plain, count: plainCount), UnsafeBufferPointer(start: tokens, count: tokenCount))
    }

    private mutating func lines(
        _ name: UnsafeBufferPointer<UInt8>, _ text: UnsafeBufferPointer<UInt8>, _ offsets: [Int],
        _ values: UnsafeBufferPointer<Double>, _ range: Range<Int>, _ plan: RowPlan
    ) {
        // The line before: where it starts and where its value does.
        var before: (row: Int, start: Int, textLength: Int, value: Int)?
        for row in range {
            let value = unsafe values[row]
            if isStaleMarker(value) { continue }
            let start = plainCount
            let place = offsets[row]
            let length = offsets[row + 1] - place
            unsafe append(name)
            unsafe append(UnsafeBufferPointer(rebasing: text[place..<place + length]))
            let valueStart = plainCount
            unsafe plainCount += writeNumber(value, to: plain + plainCount)
            unsafe plain[plainCount] = UInt8(ascii: "\n")
            plainCount += 1
            if let before {
                // With the line feed before it, which ends the line before as well.
                match(upTo: start + name.count, distance: start - before.start)
                let matches = before.row == row - 1 ? plan.matches(row) : []
                if matches.isEmpty {
                    let shorter = min(length, before.textLength)
                    let own = unsafe plain + start + name.count
                    let other = unsafe plain + before.start + name.count
                    let prefix = unsafe commonPrefix(own, other, max: shorter)
                    let suffix = unsafe commonSuffix(own + length, other + before.textLength, max: shorter - prefix)
                    match(upTo: start + name.count + prefix, distance: start - before.start)
                    literals(upTo: valueStart - suffix)
                    match(upTo: valueStart, distance: valueStart - before.value)
                } else {
                    let (ownText, textBefore) = (start + name.count, before.start + name.count)
                    for found in matches {
                        let place = ownText + Int(found.start)
                        literals(upTo: place)
                        match(
                            upTo: place + Int(found.length),
                            distance: place - (found.isOwn ? ownText : textBefore) - Int(found.source))
                    }
                    literals(upTo: valueStart)
                }
                let distance = valueStart - before.value
                // The digits that are the same ones again.
                let lengthMax = min(plainCount - valueStart, start - before.value)
                let same = unsafe commonPrefix(plain + valueStart, plain + before.value, max: lengthMax)
                match(upTo: min(valueStart + same, plainCount - 1), distance: distance)
                literals(upTo: plainCount - 1)
            } else {
                literals(upTo: plainCount - 1)
            }
            before = (row, start, length, valueStart)
        }
        // The last line feed.
        literals(upTo: plainCount)
    }

    private mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let source = bytes.baseAddress else { return }
        unsafe (plain + plainCount).update(from: source, count: bytes.count)
        plainCount &+= bytes.count
    }

    /// The bytes up to there stand `distance` before as well.
    private mutating func match(upTo end: Int, distance: Int) {
        guard end > told else { return }
        if matchLength > 0, matchDistance == distance {
            matchLength &+= end &- told
        } else {
            endMatch()
            matchStart = told
            matchLength = end &- told
            matchDistance = distance
        }
        told = end
    }

    private mutating func literals(upTo end: Int) {
        guard end > told else { return }
        endMatch()
        for place in told..<end { unsafe add(.init(literal: plain[place])) }
        told = end
    }

    private mutating func endMatch() {
        guard matchLength > 0 else { return }
        var start = matchStart
        let end = matchStart &+ matchLength
        matchLength = 0
        if matchDistance <= DeflateSymbols.distanceMax {
            while end &- start >= Self.matchMin {
                let length = min(end &- start, DeflateSymbols.lengthMax)
                add(.init(length: length, distance: matchDistance))
                start &+= length
            }
        }
        while start < end {
            unsafe add(.init(literal: plain[start]))
            start &+= 1
        }
    }

    @inline(__always)
    private mutating func add(_ token: BlockWriter.Token) {
        unsafe tokens[tokenCount] = token
        tokenCount &+= 1
    }
}
