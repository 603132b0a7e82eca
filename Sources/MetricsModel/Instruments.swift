import Synchronization

/// A number of this process that only rises. Adding is one atomic exchange.
public final class Counter: Sendable {
    private let bits = Atomic<UInt64>(0)

    init() {}

    /// Adds `amount`, which must not be negative; a negative or NaN amount is left out, as a counter never falls.
    public func increment(by amount: Double = 1) {
        guard amount > 0 else { return }
        bits.add(amount)
    }

    public var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
}

/// A number of this process that rises and falls. Every operation is atomic.
public final class Gauge: Sendable {
    private let bits = Atomic<UInt64>(0)

    init() {}

    public func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    public func increment(by amount: Double = 1) { bits.add(amount) }

    public func decrement(by amount: Double = 1) { bits.add(-amount) }

    public var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
}

extension Atomic<UInt64> {
    /// Adds to the double whose bits are held.
    fileprivate func add(_ amount: Double) {
        var seen = load(ordering: .relaxed)
        while true {
            let sum = (Double(bitPattern: seen) + amount).bitPattern
            let (exchanged, original) = weakCompareExchange(expected: seen, desired: sum, ordering: .relaxed)
            if exchanged { return }
            seen = original
        }
    }
}

/// Counts observations by size. Buckets, sum and count are read as of one instant.
public final class Histogram: Sendable {
    private struct State {
        var counts: [UInt64]
        var sum = 0.0
    }

    /// The bounds of HTTP latencies, in seconds: client_golang's defaults, with bounds at 1 and above, since alerts compare with 1 s.
    public static let latencyBoundsSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    /// Upper bounds of the buckets, ascending and finite; the bucket of `+Inf` comes after them.
    public let bounds: [Double]
    private let state: Mutex<State>

    init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(State(counts: Array(repeating: 0, count: bounds.count + 1)))
    }

    /// Counts one observation into the first bucket whose bound is not below it. A NaN goes to `+Inf`.
    public func observe(_ value: Double) {
        let place = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock { state in
            state.counts[place] &+= 1
            state.sum += value
        }
    }

    /// Observes a duration in seconds.
    public func observe(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        observe(Double(seconds) + Double(attoseconds) * 1e-18)
    }

    /// Cumulative counts, one for each bound and the total last, and the sum, all of one instant.
    public func read() -> (cumulative: [UInt64], sum: Double) {
        let now = state.withLock { $0 }
        var total: UInt64 = 0
        let cumulative = now.counts.map { count in
            total &+= count
            return total
        }
        return (cumulative, now.sum)
    }
}

/// An instrument for each set of label values. A child exists, at zero, from the first `with` on: ask for the expected ones at
/// start, and a rate over them is right from the first event.
public final class Labelled<Instrument: Sendable>: Sendable {
    private struct State {
        var children: [[String]: Instrument] = [:]
        /// In the order of their making, which is the order of exposition.
        var order: [(values: [String], instrument: Instrument)] = []
        var refused: UInt64 = 0
    }

    /// A path or a user name can be anything; 500 children of a histogram are 7,000 series.
    public static var childrenMaxDefault: Int { 500 }

    let family: Family
    private let childrenMax: Int
    private let make: @Sendable () -> Instrument
    private let state = Mutex(State())

    init(_ family: Family, childrenMax: Int, make: @escaping @Sendable () -> Instrument) {
        self.family = family
        self.childrenMax = childrenMax
        self.make = make
    }

    /// The child of these label values, in the order of the label names. Keep it where the path is hot: this takes a lock and a
    /// look-up. Past the limit of children every further set of values shares one child whose values are all `other`.
    public func with(_ values: String...) -> Instrument { with(values) }

    /// The same for values in an array.
    public func with(_ values: [String]) -> Instrument {
        precondition(values.count == family.labelNames.count, "\(family.name) takes \(family.labelNames)")
        return state.withLock { state in
            if let child = state.children[values] { return child }
            var key = values
            if state.children.count >= childrenMax {
                state.refused &+= 1
                key = values.map { _ in "other" }
                if let child = state.children[key] { return child }
            }
            let child = make()
            state.children[key] = child
            state.order.append((key, child))
            return child
        }
    }

    /// Every child with its label values, in the order of their making.
    var children: [(values: [String], instrument: Instrument)] { state.withLock { $0.order } }

    /// How often `other` was answered instead of a child of its own.
    public var refused: UInt64 { state.withLock { $0.refused } }
}
