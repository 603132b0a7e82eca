import MetricsModel
import Support
import Testing

@testable import SampleStore

@Suite struct XORChunkTests {
    static let oddValues: [Double] = [
        0, -0.0, 1, -1, .infinity, -.infinity, .nan, staleMarker, Double(bitPattern: 0x7FF8_0000_0000_0001), 1e308,
        .leastNonzeroMagnitude, 0.1, 12_345_678,
    ]

    @Test("What is written is read back, bit for bit")
    func roundTrip() {
        for seed in UInt64(0)..<300 {
            var random = SeededGenerator(seed: seed)
            var writer = XORChunkWriter()
            var samples: [(Int64, UInt64)] = []
            var time = Int64.random(in: -5_000...1_800_000_000_000, using: &random)
            for _ in 0..<Int.random(in: 1...XORChunk.samplesMax, using: &random) {
                let value: Double =
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: samples.last.map { Double(bitPattern: $0.1) } ?? 1
                    case 1: XORChunkTests.oddValues.randomElement(using: &random) ?? 0
                    case 2: Double(bitPattern: random.next())
                    default: Double(Int.random(in: 0...1_000, using: &random))
                    }
                writer.append(time, value)
                samples.append((time, value.bitPattern))
                time +=
                    [15_000, 15_001, 14_998, 15_040, 1, 8_192, 8_193, 70_000, 600_000, 1 << 40].randomElement(using: &random) ?? 1
            }
            for chunk in [writer.chunk, writer.close()] {
                var read: [(Int64, UInt64)] = []
                chunk.forEach { time, value in
                    read.append((time, value.bitPattern))
                    return true
                }
                #expect(read.elementsEqual(samples, by: ==), "seed \(seed)")
            }
        }
    }

    /// The bytes that Prometheus' chunkenc writes for these samples, after its two bytes of count: a varint, 64 bits, a uvarint.
    @Test("The first samples are laid out as in Prometheus' chunkenc")
    func layout() {
        var writer = XORChunkWriter()
        writer.append(1, 1)
        writer.append(16, 1)
        writer.append(31, 1)
        // 0x02 = varint(1); 3ff0… = 1.0; 0x0f = uvarint(15); then the bits 0 (same value), 0 (same delta), 0 (same value).
        #expect(writer.chunk.bytes == [0x02, 0x3F, 0xF0, 0, 0, 0, 0, 0, 0, 0x0F, 0b000_00000])
    }

    @Test("A damaged chunk ends early and never traps")
    func damage() {
        for seed in UInt64(0)..<500 {
            var random = SeededGenerator(seed: seed)
            var writer = XORChunkWriter()
            for place in 0..<60 { writer.append(Int64(place) * 15_000, Double(random.next() >> 40)) }
            var bytes = writer.chunk.bytes
            for _ in 0..<4 { bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random) }
            bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
            var count = 0
            XORChunk(bytes: bytes, count: 60, firstTimestamp: 0, lastTimestamp: 0).forEach { _, _ in
                count += 1
                return true
            }
            #expect(count <= 60)
        }
    }
}
