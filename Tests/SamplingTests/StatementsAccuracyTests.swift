import Support
import Testing

@testable import Sampling

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Kinds of execution time in milliseconds, drawn for one of `statements`.
private struct Shape: Sendable {
    let name: String
    var statements = 1
    /// Greatest difference between true and told share of executions up to a bound: what `LatencySpread` documents.
    let errorMax: Double
    /// Greatest error of the 99th percentile, relative to the one that the true histogram gives.
    let p99ErrorMax: Double
    let draw: @Sendable (inout SeededGenerator, Int64) -> Double
}

private let shapes = [
    Shape(name: "constant", errorMax: 0, p99ErrorMax: 0) { _, _ in 2 },
    Shape(name: "log-normal", errorMax: 0.09, p99ErrorMax: 0.06) { random, _ in 5 * exp(random.normal()) },
    Shape(name: "exponential", errorMax: 0.12, p99ErrorMax: 0.05) { random, _ in -20 * log(1 - random.unit()) },
    Shape(name: "uniform", errorMax: 0.06, p99ErrorMax: 0.01) { random, _ in 1 + 199 * random.unit() },
    Shape(name: "bimodal", errorMax: 0.06, p99ErrorMax: 0.02) { random, _ in
        (random.unit() < 0.9 ? 1 : 100) * (0.9 + 0.2 * random.unit())
    },
    Shape(name: "bimodal, even", errorMax: 0.06, p99ErrorMax: 0.02) { random, _ in
        (random.unit() < 0.5 ? 0.3 : 40) * (0.9 + 0.2 * random.unit())
    },
    Shape(name: "bimodal with outliers", errorMax: 0.45, p99ErrorMax: 0.2) { random, _ in
        random.unit() < 0.0005 ? 9_000 : (random.unit() < 0.9 ? 1 : 100) * (0.9 + 0.2 * random.unit())
    },
    Shape(name: "ten log-normal statements", statements: 10, errorMax: 0.01, p99ErrorMax: 0.02) { random, statement in
        0.2 * pow(2, Double(statement)) * exp(0.6 * random.normal())
    },
]

private struct Workload: Sendable, CustomTestStringConvertible {
    let shape: Shape
    let callsPerReading: Int

    var testDescription: String { "\(shape.name), \(callsPerReading) calls per reading" }
}

@Suite("How near histograms from totals come to the truth")
struct StatementsAccuracyTests {
    private static let workloads = shapes.flatMap { shape in
        [1, 3, 20, 1000].map { Workload(shape: shape, callsPerReading: $0) }
    }

    @Test("Shares of executions up to each bound stay within the documented error", arguments: workloads)
    private func shares(_ workload: Workload) {
        let seed: UInt64 = 20_261_121
        var random = SeededGenerator(seed: seed)
        var server = SimulatedStatements()
        var latencies = StatementLatencies()
        var truth = LatencyHistogram()
        latencies.take([], epoch: server.epoch) { _ in .application(.select) }
        for _ in 0..<max(30, 6_000 / workload.callsPerReading) {
            for _ in 0..<workload.callsPerReading {
                let statement = Int64.random(in: 0..<Int64(workload.shape.statements), using: &random)
                let milliseconds = workload.shape.draw(&random, statement)
                server.execute(.number(statement), milliseconds: milliseconds)
                var one = [UInt64](repeating: 0, count: truth.counts.count)
                one[LatencyHistogram.bucket(of: milliseconds / 1000)] = 1
                truth.add(one, seconds: milliseconds / 1000)
            }
            server.now += 15
            latencies.take(server.totals, epoch: server.epoch) { _ in .application(.select) }
        }
        let told = latencies.histogram(of: .select)
        #expect(told.count == truth.count)
        let all = Double(truth.count)
        let error = zip(told.cumulative, truth.cumulative).map { abs(Double($0) - Double($1)) / all }.max() ?? 1
        let p99Error = abs(told.quantile(0.99) / truth.quantile(0.99) - 1)
        #expect(error <= workload.shape.errorMax, "\(workload), seed \(seed)")
        #expect(p99Error <= workload.shape.p99ErrorMax, "\(workload), seed \(seed)")
    }
}

extension LatencyHistogram {
    /// As `histogram_quantile` answers.
    fileprivate func quantile(_ share: Double) -> Double {
        let rank = share * Double(count)
        var below = 0.0
        var floor = 0.0
        for (place, bound) in LatencyHistogram.boundsSeconds.enumerated() {
            let inside = Double(counts[place])
            if inside > 0, below + inside >= rank {
                return floor + (bound - floor) * (rank - below) / inside
            }
            below += inside
            floor = bound
        }
        return floor
    }
}
