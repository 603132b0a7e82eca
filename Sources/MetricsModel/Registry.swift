import Synchronization

/// The instruments of this process. Make one, hand out what it makes, and collect it with every sample.
///
///     let registry = Registry()
///     let attempts = registry.counter("auth_attempts_total", labels: ["result"], help: "…")
///     let success = attempts.with("success")
///     success.increment()
public final class Registry: Sendable {
    private struct Entry: Sendable {
        let family: Family
        let collect: @Sendable (inout SampleBuilder) -> Void
        let refused: @Sendable () -> UInt64
    }

    private static let refusedFamily = Family(
        "vitals_label_sets_refused_total", .counter,
        help: "Times that a set of label values found its family full and was counted as other, over all own metrics.")

    private let entries = Mutex<[Entry]>([])

    public init() {}

    /// A counter without labels. Its name ends in `_total`. A name is registered once: a second time is a mistake of the code.
    public func counter(_ name: String, help: String) -> Counter {
        precondition(name.hasSuffix("_total"), "the name of a counter ends in _total: \(name)")
        let counter = Counter()
        let family = Family(name, .counter, help: help)
        register(family) { $0.add(family, counter.value) }
        return counter
    }

    /// A counter with labels; `childrenMax` bounds the sets of label values.
    public func counter(
        _ name: String, labels: [String], help: String, childrenMax: Int = Labelled<Counter>.childrenMaxDefault
    ) -> Labelled<Counter> {
        precondition(name.hasSuffix("_total"), "the name of a counter ends in _total: \(name)")
        let labelled = Labelled(Family(name, .counter, labels: labels, help: help), childrenMax: childrenMax) { Counter() }
        register(labelled) { $0.add($1, $2, $3.value) }
        return labelled
    }

    /// A gauge without labels.
    public func gauge(_ name: String, help: String) -> Gauge {
        let gauge = Gauge()
        let family = Family(name, .gauge, help: help)
        register(family) { $0.add(family, gauge.value) }
        return gauge
    }

    /// A gauge with labels.
    public func gauge(
        _ name: String, labels: [String], help: String, childrenMax: Int = Labelled<Gauge>.childrenMaxDefault
    ) -> Labelled<Gauge> {
        let labelled = Labelled(Family(name, .gauge, labels: labels, help: help), childrenMax: childrenMax) { Gauge() }
        register(labelled) { $0.add($1, $2, $3.value) }
        return labelled
    }

    /// A histogram without labels. `bounds` ascend and are finite.
    public func histogram(_ name: String, help: String, bounds: [Double] = Histogram.latencyBoundsSeconds) -> Histogram {
        let histogram = Histogram(bounds: Registry.checked(bounds, name))
        let family = Family(name, .histogram, help: help)
        register(family) { Registry.add(histogram, [], family, to: &$0) }
        return histogram
    }

    /// A histogram with labels.
    public func histogram(
        _ name: String, labels: [String], help: String, bounds: [Double] = Histogram.latencyBoundsSeconds,
        childrenMax: Int = Labelled<Histogram>.childrenMaxDefault
    ) -> Labelled<Histogram> {
        let bounds = Registry.checked(bounds, name)
        let family = Family(name, .histogram, labels: labels, help: help)
        let labelled = Labelled(family, childrenMax: childrenMax) { Histogram(bounds: bounds) }
        register(labelled) { Registry.add($3, $2, $1, to: &$0) }
        return labelled
    }

    /// A value read at each collection: what another part of the process already counts. nil means absent.
    public func observe(_ name: String, _ type: MetricType, help: String, _ read: @escaping @Sendable () -> Double?) {
        let family = Family(name, type, help: help)
        register(family) { $0.add(family, [], read()) }
    }

    /// Adds every instrument's values to a sample.
    public func collect(into sample: inout SampleBuilder) {
        let now = entries.withLock { $0 }
        var refused: UInt64 = 0
        for entry in now {
            entry.collect(&sample)
            refused &+= entry.refused()
        }
        sample.add(Registry.refusedFamily, Double(refused))
    }

    private func register<Instrument>(
        _ labelled: Labelled<Instrument>,
        _ add: @escaping @Sendable (inout SampleBuilder, Family, [String], Instrument) -> Void
    ) {
        register(labelled.family, refused: { labelled.refused }) { sample in
            for child in labelled.children { add(&sample, labelled.family, child.values, child.instrument) }
        }
    }

    private func register(
        _ family: Family, refused: @escaping @Sendable () -> UInt64 = { 0 },
        collect: @escaping @Sendable (inout SampleBuilder) -> Void
    ) {
        entries.withLock { entries in
            precondition(!entries.contains { $0.family.name == family.name }, "\(family.name) is registered already")
            entries.append(Entry(family: family, collect: collect, refused: refused))
        }
    }

    private static func add(
        _ histogram: Histogram, _ labels: [String], _ family: Family, to sample: inout SampleBuilder
    ) {
        let (cumulative, sum) = histogram.read()
        sample.addHistogram(family, labels, bounds: histogram.bounds, cumulative: cumulative, sum: sum)
    }

    private static func checked(_ bounds: [Double], _ name: String) -> [Double] {
        precondition(
            bounds.allSatisfy(\.isFinite) && zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 },
            "the bounds of \(name) ascend and are finite")
        return bounds
    }
}
