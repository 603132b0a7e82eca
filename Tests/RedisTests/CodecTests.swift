import Support
import Testing

@testable import Redis

@Suite struct CodecTests {
    private func decode(_ wire: [UInt8], limits: RedisLimits = RedisLimits(), cuts: [Int] = []) throws -> [RedisReply] {
        var decoder = ReplyDecoder(limits: limits)
        var replies: [RedisReply] = []
        var start = 0
        for end in cuts.sorted() + [wire.count] {
            try unsafe wire[start..<end].withUnsafeBytes { bytes in try unsafe decoder.feed(bytes) { replies.append($0) } }
            start = end
        }
        return replies
    }

    private func encode(_ reply: RedisReply) -> [UInt8] {
        switch reply {
        case .integer(let value): Array(":\(value)\r\n".utf8)
        case .string(let bytes): Array("$\(bytes.count)\r\n".utf8) + bytes + [13, 10]
        case .array(let replies): Array("*\(replies.count)\r\n".utf8) + replies.flatMap(encode)
        case .null: Array("$-1\r\n".utf8)
        case .status(let text): Array("+\(text)\r\n".utf8)
        case .error(let error): Array("-\(error.message)\r\n".utf8)
        }
    }

    private func random(_ depth: Int, _ generator: inout SeededGenerator) -> RedisReply {
        switch Int.random(in: 0..<(depth == 0 ? 5 : 7), using: &generator) {
        case 0: .integer(.random(in: .min ... .max, using: &generator))
        case 1: .string((0..<Int.random(in: 0...40, using: &generator)).map { _ in .random(in: 0...255, using: &generator) })
        case 2: .null
        case 3: .status(["", "OK", "QUEUED"].randomElement(using: &generator) ?? "")
        case 4: .error(RedisError(serverText: ["ERR x", "NOPERM y", "WRONGTYPE z"].randomElement(using: &generator) ?? ""))
        default: .array((0..<Int.random(in: 0...4, using: &generator)).map { _ in random(depth - 1, &generator) })
        }
    }

    @Test("A command is encoded with lengths: any byte, and empty arguments, pass")
    func encoding() {
        #expect(RedisCommand("PING").encoded == Array("*1\r\n$4\r\nPING\r\n".utf8))
        let odd = RedisCommand([Array("GET".utf8), [0, 13, 10, 255], []])
        #expect(odd.encoded == Array("*3\r\n$3\r\nGET\r\n$4\r\n".utf8) + [0, 13, 10, 255] + Array("\r\n$0\r\n\r\n".utf8))
    }

    @Test("What is encoded is decoded the same, however the bytes are cut")
    func roundTrip() throws {
        for seed in UInt64(1)...200 {
            var generator = SeededGenerator(seed: seed)
            let replies = (0..<Int.random(in: 1...6, using: &generator)).map { _ in random(5, &generator) }
            let wire = replies.flatMap(encode)
            let cuts = (0..<Int.random(in: 0...5, using: &generator)).map { _ in Int.random(in: 0...wire.count, using: &generator)
            }
            #expect(try decode(wire, cuts: cuts) == replies, "seed \(seed)")
        }
    }

    @Test("Garbage is a reply or an error, never a trap, and never unbounded")
    func garbage() {
        for seed in UInt64(1)...500 {
            var generator = SeededGenerator(seed: seed)
            var wire = (0..<3).flatMap { _ in encode(random(4, &generator)) }
            for _ in 0..<Int.random(in: 1...8, using: &generator) {
                guard let place = wire.indices.randomElement(using: &generator) else { break }
                switch Int.random(in: 0...2, using: &generator) {
                case 0: wire[place] = .random(in: 0...255, using: &generator)
                case 1: wire.remove(at: place)
                default: wire.insert("*$:+-0123456789\r\n".utf8.randomElement(using: &generator) ?? 0, at: place)
                }
            }
            do {
                _ = try decode(wire)
            } catch let error as RedisError {
                #expect(error.code == .malformedReply || error.code == .replyTooLarge, "seed \(seed)")
            } catch {
                Issue.record("seed \(seed): \(error)")
            }
        }
    }

    @Test(
        "What is not RESP2, too deep or too large is named",
        arguments: [
            ("%1\r\n", RedisError.Code.malformedReply), ("HTTP/1.1 200 OK\r\n", .malformedReply),
            ("$99999999999999999999\r\n", .malformedReply),
            (String(repeating: "*1\r\n", count: 9) + ":1\r\n", .malformedReply), ("*1000000000\r\n", .replyTooLarge),
            ("*100000\r\n*100000\r\n", .replyTooLarge),
            ("$100000000\r\n" + String(repeating: "x", count: 9 << 20), .replyTooLarge),
        ])
    func refused(_ wire: String, _ code: RedisError.Code) {
        let error = #expect(throws: RedisError.self) { try decode(Array(wire.utf8)) }
        #expect(error?.code == code)
    }

    @Test("The budget of elements is one reply's: many replies of the largest size pass")
    func budgets() throws {
        var limits = RedisLimits()
        limits.elementsMax = 3
        limits.replySizeBytesMax = 64
        let one = Array("*3\r\n:1\r\n:2\r\n:3\r\n".utf8)
        #expect(try decode((0..<50).flatMap { _ in one }, limits: limits).count == 50)
        #expect(throws: RedisError.self) { try decode(Array("*4\r\n".utf8), limits: limits) }
    }
}
