import FoundationEssentials
import Health
import MetricsModel
import Support
import Testing

private struct Document: Decodable {
    struct Component: Decodable {
        let status: String
        let latencyMs: Double
        let message: String?
    }

    let status: String
    let timestamp: String
    let version: String
    let components: [String: Component]
}

private struct Services: Decodable {
    let status: String
    let services: [String: Bool]
    let timestamp: String
}

private func anyState(_ random: inout SeededGenerator) -> CheckState {
    let texts = ["", "connection refused", "quote \" backslash \\ line\nnext", "bell \u{7} \u{1F600}", "é\u{301}"]
    let text = texts[Int.random(in: 0..<texts.count, using: &random)]
    switch Int.random(in: 0..<6, using: &random) {
    case 0: return .notConfigured
    case 1: return .pending
    case 2: return .passed(message: Bool.random(using: &random) ? text : nil)
    case 3: return .degraded(message: text)
    case 4: return .timedOut(after: .milliseconds(Int.random(in: 1...9000, using: &random)))
    default: return .failed(message: text)
    }
}

private func anyReport(_ random: inout SeededGenerator) -> HealthReport {
    let names = ["database", "cache", "storage", "queue", "memory", "tasks", "disk \"data\""]
    let components = names.filter { _ in Bool.random(using: &random) }.shuffled(using: &random).map {
        ComponentHealth(name: $0, state: anyState(&random), latencyMilliseconds: Double.random(in: 0...6000, using: &random))
    }
    return HealthReport(
        timestamp: Int64.random(in: 0...4_102_444_800_000, using: &random), version: "1.2.3", components: components,
        isShuttingDown: Bool.random(using: &random))
}

@Suite struct HealthReportTests {
    @Test("Property: the overall status is unhealthy if any is, degraded if any is and none unhealthy, healthy only if all are")
    func aggregation() {
        for seed in UInt64(1)...300 {
            var random = SeededGenerator(seed: seed)
            let report = anyReport(&random)
            let states = report.components.map(\.status)
            let expected: HealthStatus =
                states.contains(.unhealthy) ? .unhealthy : states.contains(.degraded) ? .degraded : .healthy
            #expect(report.status == expected, "seed \(seed)")
        }
    }

    @Test("Property: the document of /api/health is valid JSON with every field, whatever the states and messages")
    func completeness() throws {
        for seed in UInt64(1)...300 {
            var random = SeededGenerator(seed: seed)
            let report = anyReport(&random)
            let document = try JSONDecoder().decode(Document.self, from: Data(report.apiHealth.body))
            #expect(document.status == report.status.rawValue, "seed \(seed)")
            #expect(Set(document.components.keys) == Set(report.components.map(\.name)), "seed \(seed)")
            for name in HealthReport.documentedComponents { #expect(document.components[name] != nil, "seed \(seed) \(name)") }
            for component in report.components {
                let shown = document.components[component.name]
                #expect(shown?.status == component.status.rawValue, "seed \(seed)")
                #expect(shown?.message == component.state.message, "seed \(seed)")
                #expect(shown.map { abs($0.latencyMs - component.latencyMilliseconds) < 1e-6 } == true, "seed \(seed)")
            }
            #expect(document.version == "1.2.3")
            #expect(document.timestamp == isoTimestamp(report.timestamp), "seed \(seed)")
        }
    }

    @Test("Property: /health is ok with 200 exactly when every service is up, else degraded with 503")
    func services() throws {
        for seed in UInt64(1)...200 {
            var random = SeededGenerator(seed: seed)
            let report = anyReport(&random)
            let answer = report.health()
            let document = try JSONDecoder().decode(Services.self, from: Data(answer.body))
            #expect(document.services["api"] == true)
            #expect(document.services["postgres"] == report["database"]?.state.isReachable, "seed \(seed)")
            #expect(document.services["redis"] == report["cache"]?.state.isReachable, "seed \(seed)")
            let allUp = document.services.values.allSatisfy { $0 }
            #expect(document.status == (allUp ? "ok" : "degraded"), "seed \(seed)")
            #expect(answer.httpStatus == (allUp ? 200 : 503), "seed \(seed)")
        }
    }

    @Test("Property: ready is 200 only when the database is reachable and nothing is shutting down; live is always 200")
    func readiness() {
        for seed in UInt64(1)...200 {
            var random = SeededGenerator(seed: seed)
            let report = anyReport(&random)
            let expected = !report.isShuttingDown && report["database"]?.state.isReachable == true
            #expect(report.ready.httpStatus == (expected ? 200 : 503), "seed \(seed)")
            #expect(HealthReport.live(timestamp: 0).httpStatus == 200)
        }
    }

    @Test("A time-out is degraded with a message, and the service behind it is down")
    func timeoutWords() {
        let report = HealthReport(
            timestamp: 0, version: "1", components: [ComponentHealth(name: "database", state: .timedOut(after: .seconds(5)))])
        #expect(report["database"]?.status == .degraded)
        #expect(report["database"]?.state.message == "no answer within 5 s")
        #expect(!report.isReady)
        #expect(report.health().httpStatus == 503)
    }

    @Test(
        "The exact documents",
        arguments: [(0 as Int64, "1970-01-01T00:00:00.000Z"), (1_795_228_904_123, "2026-11-21T02:41:44.123Z")])
    func golden(time: Int64, text: String) {
        let report = HealthReport(
            timestamp: time, version: "1.0.0",
            components: [ComponentHealth(name: "database", state: .passed(message: nil), latencyMilliseconds: 1.5)])
        #expect(
            String(decoding: HealthReport.live(timestamp: time).body, as: UTF8.self) == #"{"status":"ok","timestamp":"\#(text)"}"#
        )
        #expect(String(decoding: report.ready.body, as: UTF8.self) == #"{"status":"ready","timestamp":"\#(text)"}"#)
        let absent = #"{"status":"healthy","latencyMs":0,"message":"not configured"}"#
        #expect(
            String(decoding: report.apiHealth.body, as: UTF8.self)
                == #"{"status":"healthy","timestamp":"\#(text)","version":"1.0.0","components":{"database":{"status":"healthy","latencyMs":1.5},"cache":\#(absent),"storage":\#(absent),"queue":\#(absent)}}"#
        )
    }

    @Test(
        "Timestamps before 1970 and on leap days",
        arguments: [
            (-1 as Int64, "1969-12-31T23:59:59.999Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ])
    func timestamps(time: Int64, text: String) {
        #expect(isoTimestamp(time) == text)
    }

    @Test("vitals_health_status has one series per status, 1 on the one that holds")
    func families() {
        let report = HealthReport(
            timestamp: 0, version: "1", components: [ComponentHealth(name: "cache", state: .failed(message: "x"))])
        var sample = SampleBuilder(SeriesCache())
        report.add(to: &sample)
        let points = sample.finish().families.flatMap(\.points).filter { $0.series.labels["component"] == "cache" }
        #expect(points.map { $0.series.labels["status"] } == ["healthy", "degraded", "unhealthy"])
        #expect(points.map(\.value) == [0, 0, 1])
    }
}
