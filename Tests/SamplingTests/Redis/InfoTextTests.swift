import MetricsModel
import Support
import Testing

@testable import Sampling

@Suite struct InfoTextTests {
    @Test("Fields are found by name wherever they stand; a value keeps its colons")
    func fields() {
        let info = InfoText(
            Array(
                "# Server\r\nredis_version:7.0.15\r\nexecutable:/a:b\r\n\r\n# Keyspace\r\ndb0:expires=2,subexpiry=9,keys=5,avg_ttl=10\r\ndbsize:4\r\nslave_priority:100\r\nslave0:ip=::1,port=1,state=online,offset=5,lag=0\r\n"
                    .utf8))
        #expect(info["redis_version"] == "7.0.15")
        #expect(info["executable"] == "/a:b")
        #expect(info.number("redis_version") == nil)
        #expect(info.number("dbsize") == 4)
        #expect(info.databases.first?.number("keys") == 5)
        #expect(info.databases.count == 1)
        #expect(info.number("slave_priority") == 100)
        #expect(info.replicas.first?["ip"] == "::1")
    }

    @Test(
        "Numbers are read as Swift reads them",
        arguments: [
            "", "-", ".", "0", "-1", "1.5", "0.35", "99.84%", "1e3", "17952302694511.09", "123456789012345678", "-0.000001",
            "1.2.3", "nan",
        ])
    func numbers(_ text: String) {
        if text.contains(where: \.isNumber) || Double(text) == nil {
            #expect(decimal(text) == Double(text))
        } else {
            #expect(decimal(text)?.isNaN == true)
        }
    }

    @Test("Random decimals are read to the last bit")
    func randomNumbers() {
        for seed in UInt64(1)...500 {
            var generator = SeededGenerator(seed: seed)
            let text =
                "\(Int.random(in: -9_999...999_999, using: &generator)).\(Int.random(in: 0...99_999_999, using: &generator))"
            #expect(decimal(text) == Double(text), "seed \(seed): \(text)")
        }
    }

    @Test("Any bytes are read without a trap")
    func fuzz() {
        for seed in UInt64(1)...300 {
            var generator = SeededGenerator(seed: seed)
            let pieces = [
                "cmdstat_", "errorstat_", "db", "slave", "0", ":", "=", ",", "\r\n", "#", "x", "-1", "é",
                "latency_percentiles_usec_",
            ]
            let text = (0..<60).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
            let info = InfoText(Array(text.utf8) + [255, 10, 58])
            #expect(info.number("no such") == nil, "seed \(seed)")
        }
    }

    @Test("A carried-on counter is the sum of all growth, over restarts, and never falls")
    func accumulated() {
        for seed in UInt64(1)...200 {
            var generator = SeededGenerator(seed: seed)
            var counter = Accumulated()
            var (server, users, last) = (0.0, 0.0, 0.0)
            counter.observe(0, restarted: false, own: 0)
            for _ in 0..<50 {
                let restarted = Int.random(in: 0..<8, using: &generator) == 0
                let own = restarted ? 0 : Double(Int.random(in: 0...20, using: &generator))
                let growth = Double(Int.random(in: 0...100, using: &generator))
                server = (restarted ? 0 : server) + own + growth
                users += growth
                counter.observe(server, restarted: restarted, own: own)
                #expect(counter.total == users, "seed \(seed)")
                #expect(counter.total >= last, "seed \(seed)")
                last = counter.total
            }
        }
    }
}
