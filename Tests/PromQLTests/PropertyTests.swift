import MetricsModel
import PromQL
import Testing

@Suite("Properties")
struct PropertyTests {
    private static func source() throws -> LiteralSource {
        try LiteralSource([
            "m{a=\"1\",b=\"x\"} 0+1x10", "m{a=\"2\",b=\"x\"} 5 4 3 _ _ stale 1 2",
            "n{a=\"1\",b=\"xy\"} NaN Inf -Inf 0 1e300 1e300",
            "n{a=\"2\"} 1x20", "{\"m.utf8\",\"l l\"=\"ü\"} 1 2 3", "sum{a=\"3\"} 1+1x5",
            "h_bucket{le=\"1\"} 0+1x10", "h_bucket{le=\"2\"} 0+2x10", "h_bucket{le=\"+Inf\"} 0+3x10",
        ])
    }

    @Test("Printing and parsing again gives the same expression", arguments: 0..<8)
    func printing(seed: Int) throws {
        var generator = Generator(random: Random(UInt64(seed)))
        for round in 0..<150 {
            let text = generator.vector(4)
            let printed = try PromQLExpression(text).description
            let again = try PromQLExpression(printed).description
            #expect(printed == again, "seed \(seed) round \(round): \(text)")
        }
    }

    @Test(
        "Any well-typed expression has an answer or a reason, and a range query's columns are the instant answers",
        arguments: 0..<8)
    func evaluation(seed: Int) throws {
        var generator = Generator(random: Random(UInt64(100 + seed)))
        let engine = PromQLEngine(limits: QueryLimits(samples: 100_000, duration: .seconds(20)))
        let source = try Self.source()
        for round in 0..<60 {
            let text = generator.vector(3)
            // What depends on the query's own range and step differs by intent, as does @ start() and @ end().
            if text.contains("step()") || text.contains("start()") || text.contains("end()") { continue }
            let expression = try engine.parse(text)
            let ranged = Result { try engine.evaluate(expression, from: 0, through: 600_000, step: 120_000, over: source) }
            guard case .success(let result) = ranged, case .matrix(let matrix) = result.value else { continue }
            for time in stride(from: Int64(0), through: 600_000, by: 120_000) {
                let instant = try engine.evaluate(expression, at: time, over: source)
                guard case .vector(let samples) = instant.value else { continue }
                let wanted = Dictionary(samples.map { ($0.labels, $0.value.number ?? .nan) }) { first, _ in first }
                var found: [Labels: Double] = [:]
                for series in matrix {
                    if let point = series.points.first(where: { $0.timestamp == time }) {
                        found[series.labels] = point.value.number
                    }
                }
                #expect(same(found, wanted), "seed \(seed) round \(round) at \(time): \(text)")
            }
        }
    }

    private func same(_ a: [Labels: Double], _ b: [Labels: Double]) -> Bool {
        a.count == b.count && a.allSatisfy { labels, value in b[labels].map { $0 == value || $0.isNaN && value.isNaN } ?? false }
    }

    @Test("Random bytes neither crash nor hang the parser", arguments: 0..<4)
    func bytes(seed: Int) {
        var random = Random(UInt64(1000 + seed))
        let alphabet = Array("abm_:09.5eE+-*/%^=!~<>(){}[]\"'`\\,@# \n\tsumbyonoffsetor\u{fc}x".utf8)
        for _ in 0..<3000 {
            let count = Int.random(in: 0..<40, using: &random)
            let bytes = (0..<count).map { _ in
                random.chance(3) ? UInt8.random(in: 0...255, using: &random) : random.pick(alphabet)
            }
            let text = String(decoding: bytes, as: UTF8.self)
            _ = try? PromQLExpression(text, features: .all)
            _ = try? SeriesNotation(text)
            _ = lexicalItems(of: text)
        }
    }

    @Test("Mutated expressions neither crash nor hang parser and evaluator", arguments: 0..<4)
    func mutations(seed: Int) throws {
        var generator = Generator(random: Random(UInt64(2000 + seed)))
        let engine = PromQLEngine(features: .all, limits: QueryLimits(samples: 20_000, duration: .seconds(5)))
        let source = try Self.source()
        for _ in 0..<400 {
            var bytes = Array(generator.vector(3).utf8)
            for _ in 0..<Int.random(in: 0..<4, using: &generator.random) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &generator.random)
                switch Int.random(in: 0..<3, using: &generator.random) {
                case 0: bytes.remove(at: place)
                case 1: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &generator.random)], at: place)
                default: bytes[place] = generator.random.pick(Array("09am()[]{}+-*@,:".utf8))
                }
            }
            guard let expression = try? engine.parse(String(decoding: bytes, as: UTF8.self)) else { continue }
            _ = try? engine.evaluate(expression, at: 300_000, over: source)
        }
    }

    @Test("rate and sum agree with the obvious way to compute them", arguments: 0..<10)
    func obvious(seed: Int) throws {
        var random = Random(UInt64(3000 + seed))
        for round in 0..<20 {
            var source = LiteralSource()
            for index in 0..<Int.random(in: 1..<6, using: &random) {
                var times: [Int64] = []
                var values: [Double] = []
                var time = Int64.random(in: 0..<30_000, using: &random)
                var value = Double(Int.random(in: 0..<50, using: &random))
                while time < 600_000 {
                    times.append(time)
                    values.append(random.chance(5) ? staleMarker : value)
                    value = random.chance(10) ? 0 : value + Double(Int.random(in: 0..<20, using: &random))
                    time += Int64.random(in: 1000..<40_000, using: &random)
                }
                source.series.append(
                    SeriesSamples(
                        labels: Labels(["__name__": "c_total", "g": "\(index % 2)", "i": "\(index)"]), timestamps: times,
                        values: values))
            }
            let time = Int64.random(in: 0..<700_000, using: &random)
            let range = Int64.random(in: 1000..<300_000, using: &random)
            let engine = PromQLEngine()
            let rates = try engine.evaluate(try engine.parse("sum by (g) (rate(c_total[\(range)ms]))"), at: time, over: source)
            guard case .vector(let samples) = rates.value else { continue }
            var wanted: [String: Double] = [:]
            for series in source.series {
                if let rate = obviousRate(series, time: time, range: range) {
                    wanted[series.labels["g"] ?? "", default: 0] += rate
                }
            }
            let found = Dictionary(uniqueKeysWithValues: samples.map { ($0.labels["g"] ?? "", $0.value.number ?? .nan) })
            #expect(found.count == wanted.count, "seed \(seed) round \(round)")
            for (key, value) in wanted {
                #expect(
                    abs((found[key] ?? .nan) - value) <= 1e-9 * max(1, abs(value)), "seed \(seed) round \(round) group \(key)")
            }
        }
    }

    /// Prometheus' documented extrapolation, written down step by step.
    private func obviousRate(_ series: SeriesSamples, time: Int64, range: Int64) -> Double? {
        let inside = zip(series.timestamps, series.values).filter { $0.0 > time - range && $0.0 <= time && !isStaleMarker($0.1) }
        guard let first = inside.first, let last = inside.last, inside.count > 1 else { return nil }
        var increase = 0.0
        for (a, b) in zip(inside, inside.dropFirst()) { increase += b.1 < a.1 ? b.1 : b.1 - a.1 }
        let covered = Double(last.0 - first.0) / 1000
        let spacing = covered / Double(inside.count - 1)
        var before = Double(first.0 - (time - range)) / 1000
        if before >= spacing * 1.1 { before = spacing / 2 }
        if increase > 0 { before = min(before, covered * first.1 / increase) }
        var after = Double(time - last.0) / 1000
        if after >= spacing * 1.1 { after = spacing / 2 }
        return increase * (covered + before + after) / covered / (Double(range) / 1000)
    }
}
