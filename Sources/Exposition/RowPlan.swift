import MetricsModel

/// How each row's text follows from the row before: found once for all families that share the rows, and for as long as they do.
///
/// A row of an index's statistics has the table's name in two labels: with the first and the last difference alone everything between
/// them would be written out.
@safe struct RowPlan: Sendable {
    /// Bytes of a row that stand before already.
    struct Match: Sendable {
        /// In the row's text.
        let start: UInt16
        let length: UInt16
        /// In the text of the row before, or with `isOwn` of the same.
        let source: UInt16
        let isOwn: Bool
    }

    /// A longer row has no plan. Labels of that size are rare, and the search is for short ones.
    private static let textMax = 4_096
    private static let matchMin = 4

    /// In the order of the rows, those of a row ascending.
    private var matches: [Match] = []
    /// For each row where its matches start, and as the last element their number.
    private var starts: [Int32] = [0]

    /// Nothing for the first row, whose line before is not known.
    init(_ rows: SeriesRows) {
        matches.reserveCapacity(rows.count * 3)
        starts.reserveCapacity(rows.count + 1)
        var known = Positions()
        unsafe rows.text.withUnsafeBufferPointer { text in
            for row in 0..<rows.count {
                if row > 0 {
                    let before = unsafe UnsafeBufferPointer(rebasing: text[rows.offsets[row - 1]..<rows.offsets[row]])
                    let own = unsafe UnsafeBufferPointer(rebasing: text[rows.offsets[row]..<rows.offsets[row + 1]])
                    if before.count <= Self.textMax, own.count <= Self.textMax { unsafe find(own, before, &known) }
                }
                starts.append(Int32(truncatingIfNeeded: matches.count))
            }
        }
    }

    /// The matches of a row after the one before it; empty when there are none.
    func matches(_ row: Int) -> ArraySlice<Match> { matches[Int(starts[row])..<Int(starts[row + 1])] }

    private mutating func find(
        _ own: UnsafeBufferPointer<UInt8>, _ before: UnsafeBufferPointer<UInt8>, _ known: inout Positions
    ) {
        guard let a = own.baseAddress, let b = before.baseAddress else { return }
        let shorter = min(own.count, before.count)
        let prefix = unsafe commonPrefix(a, b, max: shorter)
        let suffix = unsafe commonSuffix(a + own.count, b + before.count, max: shorter - prefix)
        let end = own.count - suffix
        if prefix > 0 { add(0, prefix, from: 0, isOwn: false) }
        if end - prefix > Self.matchMin {
            known.clear()
            if before.count >= 4 { for place in 0...before.count - 4 { unsafe known.enter(b + place, place, isOwn: false) } }
            if prefix >= 4 { for place in 0...prefix - 4 { unsafe known.enter(a + place, place, isOwn: true) } }
            var place = prefix
            while place + Self.matchMin <= end {
                let found = unsafe longest(own, before, place, end, known)
                if let found { add(place, found.length, from: found.source, isOwn: found.isOwn) }
                let next = place + (found?.length ?? 1)
                for passed in place..<min(next, own.count - 3) { unsafe known.enter(a + passed, passed, isOwn: true) }
                place = next
            }
        }
        if suffix > 0 { add(end, suffix, from: before.count - suffix, isOwn: false) }
    }

    /// The longer of two: what starts with the same four bytes and was passed last, and what stands at the same place from the end.
    private func longest(
        _ own: UnsafeBufferPointer<UInt8>, _ before: UnsafeBufferPointer<UInt8>, _ place: Int, _ end: Int, _ known: Positions
    ) -> (length: Int, source: Int, isOwn: Bool)? {
        guard let a = own.baseAddress, let b = before.baseAddress else { return nil }
        var best: (length: Int, source: Int, isOwn: Bool)?
        let aligned = place + before.count - own.count
        if aligned >= 0, aligned < before.count {
            let length = unsafe commonPrefix(a + place, b + aligned, max: min(end - place, before.count - aligned))
            if length >= Self.matchMin { best = (length, aligned, false) }
        }
        if let (source, isOwn) = unsafe known.find(a + place) {
            let length =
                isOwn
                ? unsafe commonPrefix(a + place, a + source, max: end - place)
                : unsafe commonPrefix(a + place, b + source, max: min(end - place, before.count - source))
            if length >= max(Self.matchMin, (best?.length ?? 0) + 1) { best = (length, source, isOwn) }
        }
        return best
    }

    private mutating func add(_ start: Int, _ length: Int, from source: Int, isOwn: Bool) {
        matches.append(
            Match(
                start: UInt16(truncatingIfNeeded: start), length: UInt16(truncatingIfNeeded: length),
                source: UInt16(truncatingIfNeeded: source), isOwn: isOwn))
    }

    /// Where four bytes stood last, by a hash of them: what is found has to be compared.
    private struct Positions {
        private static let sizeBits: UInt32 = 9
        /// From one, the row's own with the highest bit.
        private var places = [UInt16](repeating: 0, count: 1 << sizeBits)

        mutating func clear() {
            for place in places.indices { places[place] = 0 }
        }

        mutating func enter(_ bytes: UnsafePointer<UInt8>, _ place: Int, isOwn: Bool) {
            unsafe places[Self.home(bytes)] = UInt16(truncatingIfNeeded: place + 1) | (isOwn ? 0x8000 : 0)
        }

        func find(_ bytes: UnsafePointer<UInt8>) -> (place: Int, isOwn: Bool)? {
            let entry = unsafe places[Self.home(bytes)]
            return entry == 0 ? nil : (Int(entry & 0x7FFF) - 1, entry & 0x8000 != 0)
        }

        private static func home(_ bytes: UnsafePointer<UInt8>) -> Int {
            let word = unsafe UnsafeRawPointer(bytes).loadUnaligned(as: UInt32.self)
            return Int(truncatingIfNeeded: (word &* 2_654_435_761) &>> (32 - sizeBits))
        }
    }
}
