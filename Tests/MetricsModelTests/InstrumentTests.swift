import MetricsModel
import Testing

@Suite struct InstrumentTests {
    private static func exposition(_ registry: Registry) -> String {
        var sample = SampleBuilder(SeriesCache())
        registry.collect(into: &sample)
        var out: [UInt8] = []
        SampleSet(timestamp: 0, families: sample.finish().families).encode(.text, into: &out)
        return String(decoding: out, as: UTF8.self)
    }

    @Test("Children that were asked for are exposed at zero")
    func zero() {
        let registry = Registry()
        let attempts = registry.counter("auth_attempts_total", labels: ["result"], help: "Attempts.")
        _ = attempts.with("success")
        attempts.with("failure").increment(by: 2)
        let text = InstrumentTests.exposition(registry)
        #expect(text.contains("auth_attempts_total{result=\"success\"} 0\nauth_attempts_total{result=\"failure\"} 2\n"))
    }

    @Test("Label sets past the limit share one child and are counted")
    func limit() {
        let registry = Registry()
        let requests = registry.counter("requests_total", labels: ["path"], help: "Requests.", childrenMax: 2)
        for path in ["a", "b", "c", "d", "a"] { requests.with(path).increment() }
        let text = InstrumentTests.exposition(registry)
        #expect(text.contains("requests_total{path=\"a\"} 2\nrequests_total{path=\"b\"} 1\nrequests_total{path=\"other\"} 2\n"))
        #expect(text.contains("vitals_label_sets_refused_total 2\n"))
    }

    @Test("A histogram counts a value into the bucket whose bound it equals, and the sum is that of the values")
    func histogram() {
        let registry = Registry()
        let latency = registry.histogram("latency_seconds", help: "Time.", bounds: [0.5, 1])
        latency.observe(0.5)
        latency.observe(.milliseconds(750))
        latency.observe(3.0)
        let (cumulative, sum) = latency.read()
        #expect(cumulative == [1, 2, 3])
        #expect(sum == 4.25)
        #expect(InstrumentTests.exposition(registry).contains("latency_seconds_bucket{le=\"+Inf\"} 3\n"))
        #expect(Histogram.latencyBoundsSeconds.contains(1) && Histogram.latencyBoundsSeconds.contains { $0 > 1 })
    }

    @Test("A counter never falls, and a gauge goes both ways")
    func directions() {
        let registry = Registry()
        let counter = registry.counter("events_total", help: "Events.")
        counter.increment(by: 2)
        counter.increment(by: -1)
        counter.increment(by: .nan)
        let gauge = registry.gauge("level", help: "Level.")
        gauge.set(4)
        gauge.decrement()
        #expect(counter.value == 2)
        #expect(gauge.value == 3)
    }

    @Test("Concurrent increments are all counted")
    func concurrency() async {
        let registry = Registry()
        let counter = registry.counter("events_total", help: "Events.")
        let histogram = registry.histogram("size", help: "Size.", bounds: [1])
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<5_000 {
                        counter.increment()
                        histogram.observe(1.0)
                    }
                }
            }
        }
        #expect(counter.value == 20_000)
        #expect(histogram.read().cumulative == [20_000, 20_000])
        #expect(histogram.read().sum == 20_000)
    }

    @Test("The process describes itself under the usual names")
    func process() {
        var sample = SampleBuilder(SeriesCache())
        ProcessMetrics.add(to: &sample)
        let families = sample.finish().families
        #expect(
            Set(families.map(\.family.name)) == [
                "process_cpu_seconds_total", "process_resident_memory_bytes", "process_virtual_memory_bytes", "process_open_fds",
                "process_max_fds", "process_start_time_seconds", "process_threads",
            ])
        #expect(families.allSatisfy { $0.points.count == 1 && $0.points[0].value >= 0 })
        let start = families.first { $0.family.name == "process_start_time_seconds" }?.points.first?.value ?? 0
        #expect(start > 1_600_000_000)
    }
}
