/// A Huffman code of deflate: how often each symbol comes makes how many bits it takes (RFC 1951, 3.2.2).
struct PrefixCode {
    /// Bits of each symbol, 0 for one that does not occur.
    private(set) var lengths: [UInt8]
    /// The code of each symbol, its first bit lowest, as deflate packs it.
    private(set) var codes: [UInt16]

    /// - Parameter lengthMax: 15, or 7 for the code of the lengths themselves.
    init(_ frequencies: [UInt32], lengthMax: Int) {
        lengths = Array(repeating: 0, count: frequencies.count)
        codes = Array(repeating: 0, count: frequencies.count)
        let used = frequencies.indices.filter { frequencies[$0] > 0 }.sorted { a, b in
            (frequencies[a], a) < (frequencies[b], b)
        }
        // One symbol alone takes one bit (RFC 1951, 3.2.7); none takes none.
        guard used.count > 1 else {
            for symbol in used { lengths[symbol] = 1 }
            return
        }
        var counts = PrefixCode.depths(used.map { frequencies[$0] })
        PrefixCode.limit(&counts, to: lengthMax)
        var rank = 0
        for length in stride(from: lengthMax, through: 1, by: -1) {
            for _ in 0..<counts[length] {
                lengths[used[rank]] = UInt8(truncatingIfNeeded: length)
                rank += 1
            }
        }
        assign(counts)
    }

    /// How many symbols have each depth in the tree that Huffman's method makes of ascending frequencies.
    private static func depths(_ ascending: [UInt32]) -> [Int] {
        let leaves = ascending.count
        var weights = ascending.map(UInt64.init)
        var parents = Array(repeating: 0, count: 2 * leaves - 1)
        weights.reserveCapacity(2 * leaves - 1)
        // Two queues, both ascending: the leaves, and the inner nodes in the order in which they are made.
        var leaf = 0
        var inner = leaves
        for node in leaves..<(2 * leaves - 1) {
            var weight: UInt64 = 0
            for _ in 0..<2 {
                let takesLeaf = leaf < leaves && (inner >= node || weights[leaf] <= weights[inner])
                let child = takesLeaf ? leaf : inner
                if takesLeaf { leaf += 1 } else { inner += 1 }
                weight += weights[child]
                parents[child] = node
            }
            weights.append(weight)
        }
        var depth = Array(repeating: 0, count: 2 * leaves - 1)
        var counts = Array(repeating: 0, count: 64)
        for node in stride(from: 2 * leaves - 3, through: 0, by: -1) {
            depth[node] = depth[parents[node]] + 1
            // A tree is no deeper than frequencies of 32 bits can make it: 47.
            if node < leaves { counts[depth[node]] += 1 }
        }
        return counts
    }

    /// Brings deeper symbols up to the limit and, so that the code stays complete, others down.
    private static func limit(_ counts: inout [Int], to lengthMax: Int) {
        for length in (lengthMax + 1)..<counts.count {
            counts[lengthMax] += counts[length]
            counts[length] = 0
        }
        var room = 1 << lengthMax
        for length in 1...lengthMax { room -= counts[length] << (lengthMax - length) }
        while room < 0 {
            guard let shorter = (1..<lengthMax).last(where: { counts[$0] > 0 }) else { return }
            counts[lengthMax] -= 1
            counts[shorter] -= 1
            counts[shorter + 1] += 2
            room += 1
        }
    }

    /// The canonical code of the lengths.
    private mutating func assign(_ counts: [Int]) {
        var next = Array(repeating: 0, count: 17)
        for length in 1...15 { next[length + 1] = (next[length] + counts[length]) << 1 }
        for (symbol, length) in lengths.enumerated() where length > 0 {
            let code = UInt16(truncatingIfNeeded: next[Int(length)])
            next[Int(length)] += 1
            codes[symbol] = code.bitReversed >> (16 - UInt16(length))
        }
    }
}

extension UInt16 {
    fileprivate var bitReversed: UInt16 {
        var bits = self
        bits = (bits & 0x5555) << 1 | bits >> 1 & 0x5555
        bits = (bits & 0x3333) << 2 | bits >> 2 & 0x3333
        bits = (bits & 0x0F0F) << 4 | bits >> 4 & 0x0F0F
        return bits.byteSwapped
    }
}
