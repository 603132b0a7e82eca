import MetricsModel
import PromQL

/// A query has an answer or a reason, and a range query's columns are what instant queries answer.
enum EvaluatorCheck {
    static func run(_ random: inout FuzzRandom) -> FuzzCheck.Fault? {
        let store = RandomStore(&random)
        var features = PromQLFeatures.all
        if random.chance(50) { features.remove(.delayedNameRemoval) }
        if random.chance(50) { features.remove(.startTimestamps) }
        let limits = QueryLimits(samples: 20_000, duration: .milliseconds(50))
        var generator = ExpressionGenerator(random, budget: 1 + random.below(9))
        let text = generator.expression()
        random = generator.random
        let start = Int64(random.below(20)) * 60_000 - 60_000
        let step = Int64(random.pick([1000, 15_000, 60_000, 300_000]))
        let extreme = random.pick([Int64.max, .min, .max / 2, -9_000_000_000_000_000, 9_000_000_000_000_000])
        let isExtreme = random.chance(4)
        let engine = PromQLEngine(features: features, limits: limits, lookback: random.pick([300_000, 300_000, 1, 60_000]))
        guard let expression = try? engine.parse(text) else { return nil }
        if isExtreme {
            _ = try? engine.evaluate(expression, at: extreme, over: store)
            _ = try? engine.evaluate(
                expression, from: extreme, through: extreme.addingReportingOverflow(10).partialValue, step: 3, over: store)
            _ = try? engine.evaluate(expression, from: 0, through: 10, step: .max, over: store)
            return nil
        }
        guard expression.type == .scalar || expression.type == .vector else {
            _ = try? engine.evaluate(expression, at: start, over: store)
            return nil
        }
        guard let ranged = try? engine.evaluate(expression, from: start, through: start + 4 * step, step: step, over: store),
            case .matrix(let matrix) = ranged.value
        else {
            _ = try? engine.evaluate(expression, at: start, over: store)
            return nil
        }
        for (a, b) in zip(matrix, matrix.dropFirst()) where !(a.labels < b.labels) { return (text, "not sorted by labels") }
        // These look at the query's own bounds.
        let printed = expression.description
        if ["step()", "range()", "start()", "end()"].contains(where: printed.contains) { return nil }
        for time in stride(from: start, through: start + 4 * step, by: Int(step)) {
            let instant: QueryResult
            do {
                instant = try engine.evaluate(expression, at: time, over: store)
            } catch {
                let isSlow = (error as PromQLError).code == .timeout
                return isSlow ? nil : (text, "an instant query at \(time) fails where the range query does not: \(error)")
            }
            var wanted: [Labels: Double] = [:]
            switch instant.value {
            case .vector(let samples): for sample in samples { wanted[sample.labels] = sample.value.number }
            case .scalar(let value, _): wanted[.empty] = value
            case .matrix, .string: return (text, "a type changes")
            }
            var found: [Labels: Double] = [:]
            for series in matrix {
                if let point = series.points.first(where: { $0.timestamp == time }) { found[series.labels] = point.value.number }
            }
            let isSame =
                found.count == wanted.count
                && found.allSatisfy { labels, value in
                    wanted[labels].map { $0 == value || $0.isNaN && value.isNaN } ?? false
                }
            if !isSame { return (text, "at \(time) the range query has \(found), an instant query \(wanted)") }
        }
        return nil
    }
}

/// The engine agrees with the obvious evaluator.
enum OracleCheck {
    static func run(_ random: inout FuzzRandom) -> FuzzCheck.Fault? {
        var series: [SeriesSamples] = []
        for index in 0..<1 + random.below(5) {
            var time = Int64(random.below(90)) * 1000
            var value = Double(random.below(50))
            var times: [Int64] = []
            var values: [Double] = []
            for _ in 0..<1 + random.below(30) {
                times.append(time)
                values.append(random.chance(4) ? staleMarker : value)
                value = random.chance(12) ? Double(random.below(8)) : value + Double(random.below(20)) / 4
                time += Int64(1000 + random.below(50_000))
            }
            let labels = ["__name__": random.pick(["c_total", "m"]), "g": "\(index % 2)", "i": "\(index)"]
            series.append(SeriesSamples(labels: Labels(labels), timestamps: times, values: values))
        }
        let oracle = ObviousEvaluator(store: RandomStore(series))
        let time = Int64(random.below(900)) * 1000
        let range = Int64(1 + random.below(400)) * 1000
        let offset = Int64(random.below(3)) * 30_000
        let function = random.pick(ObviousEvaluator.rangeFunctions)
        let (inner, values): (String, [Labels: Double])
        if random.chance(80) {
            inner = "\(function)(c_total[\(range)ms] offset \(offset)ms)"
            let keepsName = function == "last_over_time" || function == "first_over_time"
            let found = oracle.overRange(function, "c_total", range: range, offset: offset, at: time)
            values = Dictionary(uniqueKeysWithValues: found.map { (keepsName ? $0 : $0.removingMetricName(), $1) })
        } else {
            inner = "m"
            values = oracle.instant("m", at: time)
        }
        var (text, wanted) = (inner, values)
        if random.chance(50) {
            let aggregator = random.pick(ObviousEvaluator.aggregators)
            let names = random.pick([[], ["g"], ["i"], ["g", "i"], ["nope"]])
            let without = random.chance(50)
            text = "\(aggregator) \(without ? "without" : "by") (\(names.joined(separator: ","))) (\(inner))"
            wanted = oracle.aggregate(aggregator, values, Set(names), without: without)
        }
        let engine = PromQLEngine(features: .experimentalFunctions)
        do {
            guard case .vector(let samples) = try engine.evaluate(try engine.parse(text), at: time, over: oracle.store).value
            else {
                return (text, "no vector")
            }
            var found: [Labels: Double] = [:]
            for sample in samples { found[sample.labels] = sample.value.number }
            // Both compute with 53 bits; sums of squares lose the most.
            let isClose =
                found.count == wanted.count
                && wanted.allSatisfy { labels, value in
                    found[labels].map { abs($0 - value) <= 1e-7 * max(1, abs(value)) } ?? false
                }
            return isClose ? nil : (text, "at \(time) the engine has \(found), the definition \(wanted)")
        } catch {
            return (text, "\(error)")
        }
    }
}
