import Support
import Testing

@testable import Exposition

@Suite struct PrefixCodeTests {
    /// The sum of 2^-length, in units of 2^-lengthMax.
    private func space(_ code: PrefixCode, _ lengthMax: Int) -> Int {
        code.lengths.reduce(0) { $1 == 0 ? $0 : $0 + 1 << (lengthMax - Int($1)) }
    }

    @Test("Frequencies that make a deep tree get a complete code within the limit", arguments: [7, 15])
    func limited(_ lengthMax: Int) {
        var fibonacci: [UInt32] = [1, 1]
        while fibonacci.count < (lengthMax == 7 ? 19 : 46) { fibonacci.append(fibonacci.suffix(2).reduce(0, +)) }
        let code = PrefixCode(fibonacci, lengthMax: lengthMax)
        #expect(code.lengths.allSatisfy { (1...UInt8(lengthMax)).contains($0) })
        #expect(space(code, lengthMax) == 1 << lengthMax)
    }

    @Test("Of any frequencies: complete, no code begins another, and what is frequent is short", arguments: UInt64(0)..<100)
    func random(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let lengthMax = seed % 2 == 0 ? 15 : 7
        let count = Int.random(in: 2...(lengthMax == 15 ? 286 : 19), using: &random)
        let frequencies = (0..<count).map { _ in
            Bool.random(using: &random)
                ? 0 : UInt32.random(in: 1...1 << UInt32.random(in: 0...30, using: &random), using: &random)
        }
        let code = PrefixCode(frequencies, lengthMax: lengthMax)
        let used = frequencies.indices.filter { frequencies[$0] > 0 }
        #expect(frequencies.indices.allSatisfy { (code.lengths[$0] > 0) == (frequencies[$0] > 0) }, "seed \(seed)")
        #expect(code.lengths.allSatisfy { $0 <= lengthMax }, "seed \(seed)")
        guard used.count > 1 else { return }
        #expect(space(code, lengthMax) == 1 << lengthMax, "seed \(seed)")
        for a in used {
            for b in used where a != b {
                if frequencies[a] > frequencies[b] { #expect(code.lengths[a] <= code.lengths[b], "seed \(seed)") }
                guard code.lengths[a] <= code.lengths[b] else { continue }
                let mask = UInt16(1) << code.lengths[a] &- 1
                #expect(code.codes[b] & mask != code.codes[a], "seed \(seed)")
            }
        }
    }

    @Test("Every length and distance stands for itself")
    func symbols() {
        for length in DeflateSymbols.lengthMin...DeflateSymbols.lengthMax {
            let symbol = DeflateSymbols.lengths[length - DeflateSymbols.lengthMin]
            #expect(symbol.number <= 285 && symbol.extra < 1 << symbol.extraBits)
        }
        // Bases of RFC 1951, 3.2.5.
        for (distance, number, bits) in [
            (1, 0, 0), (4, 3, 0), (5, 4, 1), (7, 5, 1), (9, 6, 2), (193, 15, 6), (257, 16, 7), (24_577, 29, 13), (32_768, 29, 13),
        ] {
            let symbol = DeflateSymbols.distance(distance)
            #expect(Int(symbol.number) == number && Int(symbol.extraBits) == bits, "\(distance)")
        }
    }
}
