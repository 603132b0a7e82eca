/// Writes one block of deflate with codes of its own (RFC 1951, 3.2.7) out of literals and matches that were found already.
enum BlockWriter {
    /// A literal byte, or a distance and a length: one word each.
    struct Token {
        let bits: UInt32

        @inline(__always)
        init(literal: UInt8) { bits = UInt32(literal) }

        @inline(__always)
        init(length: Int, distance: Int) { bits = UInt32(truncatingIfNeeded: distance &<< 9 | length) }

        @inline(__always) var isLiteral: Bool { bits < 256 }
        @inline(__always) var length: Int { Int(bits & 0x1FF) }
        @inline(__always) var distance: Int { Int(bits &>> 9) }
    }

    /// The order in which lengths of the code of lengths are given.
    private static let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

    /// Code and extra bits of a symbol as they are written.
    private struct Bits {
        var bits: UInt64 = 0
        var length: UInt64 = 0
    }

    /// A block that is not the last.
    static func write(_ tokens: UnsafeBufferPointer<Token>, to out: inout BitWriter) {
        var literalCounts = [UInt32](repeating: 0, count: DeflateSymbols.literalCount)
        var distanceCounts = [UInt32](repeating: 0, count: DeflateSymbols.distanceCount)
        literalCounts[DeflateSymbols.endOfBlock] = 1
        for place in 0..<tokens.count {
            let token = unsafe tokens[place]
            if token.isLiteral {
                literalCounts[Int(token.bits)] &+= 1
            } else {
                literalCounts[Int(DeflateSymbols.lengths[token.length - DeflateSymbols.lengthMin].number)] &+= 1
                distanceCounts[Int(DeflateSymbols.distance(token.distance).number)] &+= 1
            }
        }
        let literals = PrefixCode(literalCounts, lengthMax: 15)
        let distances = PrefixCode(distanceCounts, lengthMax: 15)
        out.add(0b100, 3)
        writeCodes(literals, distances, to: &out)
        let lengthBits = DeflateSymbols.lengths.map { symbol in
            let number = Int(symbol.number)
            return Bits(
                bits: UInt64(literals.codes[number]) | UInt64(symbol.extra) << UInt64(literals.lengths[number]),
                length: UInt64(literals.lengths[number] + symbol.extraBits))
        }
        for place in 0..<tokens.count {
            let token = unsafe tokens[place]
            if token.isLiteral {
                let symbol = Int(token.bits)
                out.add(UInt64(literals.codes[symbol]), UInt64(literals.lengths[symbol]))
                continue
            }
            // 20 bits at most for the length, 28 for the distance.
            let first = lengthBits[token.length &- DeflateSymbols.lengthMin]
            let distance = DeflateSymbols.distance(token.distance)
            let number = Int(distance.number)
            let codeLength = UInt64(distances.lengths[number])
            let bits = UInt64(distances.codes[number]) | UInt64(distance.extra) &<< codeLength
            out.add(first.bits | bits &<< first.length, first.length &+ codeLength &+ UInt64(distance.extraBits))
        }
        let end = DeflateSymbols.endOfBlock
        out.add(UInt64(literals.codes[end]), UInt64(literals.lengths[end]))
    }

    /// The lengths of both codes, run-length coded, under a code of their own.
    private static func writeCodes(_ literals: PrefixCode, _ distances: PrefixCode, to out: inout BitWriter) {
        let literalCount = max(257, (literals.lengths.lastIndex { $0 > 0 } ?? 0) + 1)
        let distanceCount = max(1, (distances.lengths.lastIndex { $0 > 0 } ?? 0) + 1)
        let runs = runLengths(literals.lengths[..<literalCount] + distances.lengths[..<distanceCount])
        var counts = [UInt32](repeating: 0, count: 19)
        for run in runs { counts[run.symbol] += 1 }
        // A code of one symbol is complete only beside another one.
        if counts.count(where: { $0 > 0 }) < 2 { counts[counts[0] > 0 ? 1 : 0] = 1 }
        let code = PrefixCode(counts, lengthMax: 7)
        let given = max(4, (order.lastIndex { code.lengths[$0] > 0 } ?? 0) + 1)
        out.add(UInt64(literalCount - 257), 5)
        out.add(UInt64(distanceCount - 1), 5)
        out.add(UInt64(given - 4), 4)
        for symbol in order[..<given] { out.add(UInt64(code.lengths[symbol]), 3) }
        for run in runs {
            out.add(UInt64(code.codes[run.symbol]), UInt64(code.lengths[run.symbol]))
            if run.extraBits > 0 { out.add(run.extra, run.extraBits) }
        }
    }

    private struct Run {
        let symbol: Int
        var extra: UInt64 = 0
        var extraBits: UInt64 = 0
    }

    private static func runLengths(_ lengths: ArraySlice<UInt8>) -> [Run] {
        var runs: [Run] = []
        var rest = lengths
        while let length = rest.first {
            var same = rest.prefix { $0 == length }.count
            rest = rest.dropFirst(same)
            if length > 0 {
                runs.append(Run(symbol: Int(length)))
                same -= 1
            }
            while same > 0 {
                let isZero = length == 0
                guard same >= 3 else {
                    for _ in 0..<same { runs.append(Run(symbol: Int(length))) }
                    break
                }
                if isZero, same >= 11 {
                    let taken = min(same, 138)
                    runs.append(Run(symbol: 18, extra: UInt64(taken - 11), extraBits: 7))
                    same -= taken
                } else {
                    let taken = min(same, isZero ? 10 : 6)
                    runs.append(Run(symbol: isZero ? 17 : 16, extra: UInt64(taken - 3), extraBits: isZero ? 3 : 2))
                    same -= taken
                }
            }
        }
        return runs
    }
}
