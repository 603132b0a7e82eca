import MetricsModel
import PromQL
import Testing

@Suite("Evaluation")
struct EvaluationTests {
    @Test("A sample exactly one look-back or range old is out of the window")
    func leftOpen() throws {
        let source = try LiteralSource(["m 1 2 3"])
        #expect(try lines("m", at: 420_000, source) == [])
        #expect(try lines("m", at: 419_999, source) == ["m 3"])
        #expect(try lines("count_over_time(m[2m])", at: 120_000, source) == ["{} 2"])
        #expect(try lines("m[2m]", at: 120_000, source) == ["m 2@60000 3@120000"])
    }

    @Test("A stale marker ends a series for selectors and is no sample of a range")
    func stale() throws {
        let source = try LiteralSource(["m 1 stale 3"])
        #expect(try lines("m", at: 60_000, source) == [])
        #expect(try lines("m", at: 120_000, source) == ["m 3"])
        #expect(try lines("count_over_time(m[5m])", at: 120_000, source) == ["{} 2"])
    }

    @Test("@ fixes the time, offset shifts it, forwards too")
    func times() throws {
        let source = try LiteralSource(["m 1 2 3 4 5"])
        #expect(try lines("m @ 60", at: 240_000, source) == ["m 2"])
        #expect(try lines("m offset 1m", at: 240_000, source) == ["m 4"])
        #expect(try lines("m @ 60 offset -1m", at: 0, source) == ["m 3"])
        #expect(try lines("sum_over_time(m[2m:1m] @ 120)", at: 0, source) == ["{} 5"])
    }

    @Test("rate extrapolates to edges that the samples reach near")
    func rate() throws {
        let source = try LiteralSource(["c_total 0+10x10"])
        #expect(try lines("increase(c_total[5m])", at: 300_000, source) == ["{} 50"])
        #expect(try lines("rate(c_total[5m])", at: 300_000, source) == ["{} 0.16666666666666666"])
    }

    @Test("Two series that differ by name alone are an error once the name is dropped")
    func duplicates() throws {
        let source = try LiteralSource(["a{x=\"1\"} 1", "b{x=\"1\"} 2"])
        let error = #expect(throws: PromQLError.self) { try lines("-{x=\"1\"}", at: 0, source) }
        #expect(error?.message == "vector cannot contain metrics with the same labelset")
        #expect(throws: PromQLError.self) { try lines("rate({x=\"1\"}[5m]) or abs({x=\"1\"})", at: 0, source) }
        #expect(try lines("{x=\"1\"} > 1", at: 0, source) == ["b{x=\"1\"} 2"])
    }

    @Test("Ambiguous matching names the group, the side and the series")
    func manyToMany() throws {
        let source = try LiteralSource(["a{x=\"1\"} 1", "b{x=\"1\",y=\"1\"} 1", "b{x=\"1\",y=\"2\"} 2"])
        let error = #expect(throws: PromQLError.self) { try lines("a + on (x) b", at: 0, source) }
        #expect(
            error?.message
                == "found duplicate series for the match group {x=\"1\"} on the right hand-side of the operation: "
                + "[{__name__=\"b\", x=\"1\", y=\"2\"}, {__name__=\"b\", x=\"1\", y=\"1\"}];"
                + "many-to-many matching not allowed: matching labels must be unique on one side")
        let other = #expect(throws: PromQLError.self) { try lines("b + on (x) a", at: 0, source) }
        #expect(other?.message == "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)")
        #expect(try lines("b * on (x) group_left () a", at: 0, source) == ["{x=\"1\", y=\"1\"} 1", "{x=\"1\", y=\"2\"} 2"])
    }

    @Test("absent says what its selector says")
    func absent() throws {
        let source = LiteralSource()
        #expect(try lines("absent(up{job=\"x\",a=~\"b\",c=\"1\",c=\"2\"})", at: 0, source) == ["{job=\"x\"} 1"])
        #expect(try lines("absent(sum(up{job=\"x\"}))", at: 0, source) == ["{} 1"])
        #expect(try lines("absent_over_time(up{job=\"x\"}[5m])", at: 0, source) == ["{job=\"x\"} 1"])
    }

    @Test("Sums keep what plain addition loses")
    func kahan() throws {
        let source = try LiteralSource(["m{i=\"1\"} 1e100", "m{i=\"2\"} 1", "m{i=\"3\"} -1e100"])
        #expect(try lines("sum(m)", at: 0, source) == ["{} 1"])
        let large = try LiteralSource(["m{i=\"1\"} 1e308", "m{i=\"2\"} 1e308", "m{i=\"3\"} 1e308"])
        #expect(try lines("avg(m)", at: 0, large) == ["{} 1e+308"])
    }

    @Test("Annotations say where")
    func annotations() throws {
        let source = try LiteralSource(["gauge 1 2 3", "b{le=\"x\"} 1"])
        let engine = PromQLEngine()
        func result(_ text: String) throws -> QueryResult {
            try engine.evaluate(try engine.parse(text), at: 120_000, over: source)
        }
        #expect(
            try result("1 +\n rate(gauge[5m])").infos
                == [
                    "PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"gauge\" (2:7)"
                ])
        #expect(
            try result("quantile(2, gauge)").warnings == [
                "PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)"
            ])
        #expect(
            try result("histogram_quantile(0.5, b)").warnings
                == [
                    "PromQL warning: bucket label \"le\" is missing or has a malformed value of \"x\" for metric name \"b\" (1:25)"
                ])
    }

    @Test("Limits give reasons")
    func limits() throws {
        let source = try LiteralSource(["m 0+1x1000"])
        var engine = PromQLEngine(limits: QueryLimits(samples: 100))
        let storage = #expect(throws: PromQLError.self) {
            try lines("count_over_time(m[1d])", at: 60_000_000, source, engine: engine)
        }
        #expect(storage?.code == .tooManySamples)
        let samples = #expect(throws: PromQLError.self) {
            try lines("count_over_time(vector(1)[1d:1s])", at: 0, source, engine: engine)
        }
        #expect(samples?.code == .tooManySamples)
        #expect(
            samples?.description == "query processing would load too many samples into memory in query execution")
        let temporary = #expect(throws: PromQLError.self) {
            try lines(
                "label_replace(m, \"a\", \"b\", \"\", \"\") or m", at: 0, try LiteralSource(["m 1", "m{x=\"1\"} 1"]),
                engine: PromQLEngine(limits: QueryLimits(samples: 5)))
        }
        #expect(temporary?.code == .tooManySamples)
        let many = #expect(throws: PromQLError.self) {
            try lines(
                "m", at: 0, try LiteralSource(["m{a=\"1\"} 1", "m{a=\"2\"} 1"]),
                engine: PromQLEngine(limits: QueryLimits(seriesPerSelector: 1)))
        }
        #expect(many?.message == "a selector of the query matches more than 1 series")
        engine = PromQLEngine(limits: QueryLimits(duration: .zero))
        let late = #expect(throws: PromQLError.self) {
            try lines("sum_over_time(vector(1)[1h:1s])", at: 0, source, engine: engine)
        }
        #expect(late?.code == .timeout)
        #expect(late?.description == "query timed out in expression evaluation")
    }

    @Test(
        "Times at the ends of the number range are out of data, not out of bounds",
        arguments: ["9.2e15", "-9.2e15", "9e18", "-9e18"])
    func extremeTimes(time: String) throws {
        let source = try LiteralSource(["m 1 2 3"])
        let engine = PromQLEngine(features: .all)
        for text in [
            "m", "m smoothed", "rate(m[1y])", "rate(m[1y] smoothed)", "changes(m[1y] anchored)", "last_over_time(m[1y:1w])",
        ] {
            let place = text.lastIndex(of: "]").map { text.index(after: $0) } ?? text.index(after: text.startIndex)
            let pinned = text[..<place] + " @ \(time) offset \(time.hasPrefix("-") ? "" : "-")200y" + text[place...]
            #expect(try lines(String(pinned), at: 0, source, engine: engine) == [], "\(pinned)")
        }
    }

    @Test("A trend seen from the ends of the number range is a number", arguments: [Int64.min, .min + 1, .max])
    func extremeTrend(time: Int64) throws {
        let source = try LiteralSource(["m 1 2 4"])
        for text in ["predict_linear(m[5m] @ 120, 60)", "deriv(m[5m] @ 120)", "rate(m[5m] @ 120)"] {
            #expect(try lines(text, at: time, source).count == 1)
        }
    }

    @Test("A subquery of many steps over nothing ends at the deadline")
    func emptySteps() throws {
        let engine = PromQLEngine(limits: QueryLimits(duration: .milliseconds(50)))
        let late = #expect(throws: PromQLError.self) {
            try lines("sum_over_time((vector(1) > 2)[10y:1ms])", at: 0, LiteralSource(), engine: engine)
        }
        #expect(late?.code == .timeout)
    }

    @Test("A cancelled task ends its query")
    func cancellation() async throws {
        let task = Task { () -> PromQLError? in
            withUnsafeCurrentTask { $0?.cancel() }
            do {
                _ = try lines("sum_over_time(vector(1)[1d:1s])", at: 0, LiteralSource())
                return nil
            } catch {
                return error as? PromQLError
            }
        }
        #expect(await task.value?.code == .canceled)
    }

    @Test("Start timestamps count as samples of value 0, and as resets")
    func startTimestamps() throws {
        var source = LiteralSource()
        source.series = [
            SeriesSamples(
                labels: Labels(["__name__": "c_total"]), timestamps: [60_000, 120_000, 180_000], values: [10, 20, 30],
                startTimestamps: [30_000, 30_000, 150_000])
        ]
        let engine = PromQLEngine(features: [.startTimestamps, .experimentalFunctions])
        #expect(try lines("increase(c_total[5m])", at: 180_000, source, engine: engine) == ["{} 50"])
        #expect(try lines("increase(c_total[5m])", at: 180_000, source) == ["{} 25"])
        #expect(try lines("increase(c_total[1m])", at: 60_000, source, engine: engine) == ["{} 10"])
        #expect(try lines("resets(c_total[5m])", at: 180_000, source, engine: engine) == ["{} 1"])
        #expect(try lines("irate(c_total[5m])", at: 180_000, source, engine: engine) == ["{} 0.5"])
        #expect(try lines("start_timestamp(c_total)", at: 180_000, source, engine: engine) == ["{} 150"])
        #expect(try lines("start_timestamp(c_total * 1)", at: 180_000, source, engine: engine) == [])
    }

    @Test("limit_ratio chooses by the hash that Prometheus uses")
    func ratio() throws {
        // XXH64 of `\u{8}__name__\u{1}m\u{1}i` and so on, from the reference implementation (python3-xxhash).
        let source = try LiteralSource((0..<8).map { "m{i=\"\($0)\"} \($0)" })
        let engine = PromQLEngine(features: .experimentalFunctions)
        let half = try lines("limit_ratio(0.5, m)", at: 0, source, engine: engine)
        let other = try lines("limit_ratio(-0.5, m)", at: 0, source, engine: engine)
        #expect(half.map { $0.split(separator: " ").last ?? "" } == ["0", "1", "2", "3", "6"])
        #expect((half + other).sorted() == (try lines("m", at: 0, source)))
    }

    @Test("A range query answers a sorted matrix, also for a scalar")
    func range() throws {
        let source = try LiteralSource(["m{b=\"2\"} 1 2", "m{a=\"1\"} 3 4"])
        let engine = PromQLEngine()
        let result = try engine.evaluate(try engine.parse("m"), from: 0, through: 60_000, step: 60_000, over: source)
        guard case .matrix(let matrix) = result.value else {
            Issue.record("no matrix")
            return
        }
        #expect(matrix.map(\.labels.description) == ["m{a=\"1\"}", "m{b=\"2\"}"])
        #expect(matrix.first?.points.map(\.value.number) == [3, 4])
        let scalar = try engine.evaluate(try engine.parse("time()"), from: 0, through: 60_000, step: 60_000, over: source)
        guard case .matrix(let line) = scalar.value else { return }
        #expect(line.first?.points.map(\.value.number) == [0, 60])
        #expect(throws: PromQLError.self) {
            try engine.evaluate(try engine.parse("m[5m]"), from: 0, through: 1, step: 1, over: source)
        }
    }

    @Test("Dates are those of the Gregorian calendar in UTC, before 1970 too")
    func dates() throws {
        let source = LiteralSource()
        #expect(try lines("day_of_year(vector(1709164800))", at: 0, source) == ["{} 60"])
        #expect(try lines("days_in_month(vector(-2203891201))", at: 0, source) == ["{} 28"])
        #expect(try lines("hour(vector(-1))", at: 0, source) == ["{} 23"])
        #expect(try lines("year(vector(NaN))", at: 0, source) == ["{} NaN"])
    }

    @Test("The deepest expression that is parsed can be evaluated")
    func deep() throws {
        let nested = String(repeating: "abs(", count: 390) + "vector(1)" + String(repeating: ")", count: 390)
        #expect(try lines(nested, at: 0, LiteralSource()) == ["{} 1"])
        let chain = Array(repeating: "vector(1)", count: 390).joined(separator: " + ")
        #expect(try lines(chain, at: 0, LiteralSource()) == ["{} 390"])
    }
}
