import Alerting
import MetricsModel
import PromQL
import Support
import Synchronization

/// Series in plain arrays: readable by PromQL, writable by rules.
final class MemorySeries: SeriesSource, SampleSink {
    private let series = Mutex<[Labels: [(time: Int64, value: Double)]]>([:])

    func append(_ labels: Labels, at timestamp: Int64, _ value: Double) {
        series.withLock { series in
            if let last = series[labels]?.last, last.time >= timestamp { return }
            series[labels, default: []].append((timestamp, value))
        }
    }

    func append(_ name: String, _ labels: [String: String] = [:], at timestamp: Int64, _ value: Double) {
        append(Labels(labels).setting(Labels.metricName, to: name), at: timestamp, value)
    }

    func select(
        _ matchers: [LabelMatcher], from: Int64, through: Int64, selection: SampleSelection, maxSamples: Int
    ) throws(SeriesSourceError) -> [SeriesSamples] {
        series.withLock { series in
            series.compactMap { labels, samples in
                guard matchers.allSatisfy({ $0.matches(labels) }) else { return nil }
                let window = samples.filter { (from...through).contains($0.time) }
                guard !window.isEmpty else { return nil }
                return SeriesSamples(labels: labels, timestamps: window.map(\.time), values: window.map(\.value))
            }
        }
    }

    /// The samples of a metric: `time:value` by series.
    func samples(_ name: String) -> [String: [String]] {
        series.withLock { series in
            var found: [String: [String]] = [:]
            for (labels, samples) in series where labels.name == name {
                found[labels.removingMetricName().description] = samples.map { sample in
                    "\(sample.time / 1_000):" + (isStaleMarker(sample.value) ? "stale" : goGeneralText(sample.value))
                }
            }
            return found
        }
    }
}

/// A clock that stands still until it is moved.
final class ManualClock: WallClock {
    private struct State {
        var now: Int64
        var sleepers: [Int: (until: Int64, continuation: CheckedContinuation<Bool, Never>)] = [:]
        var nextID = 0
    }

    private let state: Mutex<State>

    init(_ now: Int64 = 0) { state = Mutex(State(now: now)) }

    var now: Int64 { state.withLock { $0.now } }

    var sleepers: [Int64] { state.withLock { $0.sleepers.values.map(\.until).sorted() } }

    func move(to instant: Int64) {
        let woken = state.withLock { state in
            state.now = instant
            let due = state.sleepers.filter { $0.value.until <= instant }
            for id in due.keys { state.sleepers[id] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in woken { continuation.resume(returning: true) }
    }

    func sleep(until instant: Int64) async throws(CancellationError) {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let isOver = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { state -> Bool? in
                    if Task.isCancelled { return false }
                    if state.now >= instant { return true }
                    state.sleepers[id] = (instant, continuation)
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            state.withLock { $0.sleepers.removeValue(forKey: id)?.continuation }?.resume(returning: false)
        }
        if !isOver { throw CancellationError() }
    }
}

/// Gathers values from closures.
final class Collected<Value: Sendable>: Sendable {
    private let state = Mutex<[Value]>([])

    var values: [Value] { state.withLock { $0 } }

    func add(_ value: Value) { state.withLock { $0.append(value) } }

    func add(_ values: [Value]) { state.withLock { $0 += values } }
}

/// A rule file that must be right.
func rules(_ text: String, path: String = "rules.yml") throws -> RuleFile {
    let (file, findings) = RuleFile.read(text.utf8, path: path, language: PromQLLanguage())
    guard let file else { throw RuleFileRefused(description: findings.map(\.description).joined(separator: "\n")) }
    return file
}

struct RuleFileRefused: Error, CustomStringConvertible {
    let description: String
}

extension SeededGenerator {
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
