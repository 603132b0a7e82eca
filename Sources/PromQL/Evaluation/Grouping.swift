import MetricsModel
import Synchronization

/// What an expression that is evaluated again and again keeps in between: how the series of its aggregations fall into groups. It
/// grows with the series that the expression aggregates, 20 bytes for each.
public final class EvaluationMemory: Sendable {
    private let groupings = Mutex<[SourceRange: Grouping]>([:])

    public init() {}

    /// Taken out, so that it is nobody else's meanwhile.
    fileprivate func take(_ place: SourceRange) -> Grouping? { groupings.withLock { $0.removeValue(forKey: place) } }

    fileprivate func keep(_ grouping: Grouping, _ place: SourceRange) { groupings.withLock { $0[place] = grouping } }
}

/// Which group each sample of a vector belongs to.
struct Grouping: Sendable {
    /// The labels of the vector, and whether their names are dropped.
    private var labels: [Labels] = []
    private var nameless: [Bool] = []
    /// For each sample its group; groups are in the order of their first samples.
    private(set) var groups: [Int32] = []
    /// The labels of each group, and whether any of its samples has dropped its name.
    private(set) var results: [Labels] = []
    private(set) var resultIsNameless: [Bool] = []

    fileprivate init(_ samples: [Sample], _ subset: LabelSubset, delaysNames: Bool) {
        var index = GroupIndex(subset, delaysNames: delaysNames)
        groups.reserveCapacity(samples.count)
        for sample in samples {
            let (group, isNew) = index.insert(sample)
            groups.append(Int32(truncatingIfNeeded: group))
            if isNew { resultIsNameless.append(false) }
            if sample.nameless { resultIsNameless[group] = true }
        }
        results = (0..<index.count).map { index.labels(of: $0) }
    }

    fileprivate mutating func remember(_ samples: [Sample]) {
        labels = samples.map(\.labels)
        nameless = samples.map(\.nameless)
    }

    /// Whether it was made for samples of these labels: for the very same objects, which a source that remembers hands out again.
    fileprivate func fits(_ samples: [Sample]) -> Bool {
        guard samples.count == labels.count else { return false }
        for place in samples.indices {
            guard samples[place].nameless == nameless[place], samples[place].labels.isSameObject(as: labels[place]) else {
                return false
            }
        }
        return true
    }
}

extension Labels {
    @inline(__always)
    fileprivate func isSameObject(as other: Labels) -> Bool {
        fingerprint == other.fingerprint
            && pairs.withUnsafeBufferPointer { a in other.pairs.withUnsafeBufferPointer { a.baseAddress == $0.baseAddress } }
    }
}

extension Query {
    /// The groups of a vector, remembered where the query may.
    func grouping(_ samples: [Sample], _ subset: LabelSubset, _ place: SourceRange) -> Grouping {
        guard let memory else { return Grouping(samples, subset, delaysNames: delaysNames) }
        var grouping = memory.take(place)
        if grouping?.fits(samples) != true {
            grouping = Grouping(samples, subset, delaysNames: delaysNames)
            grouping?.remember(samples)
        }
        defer { if let grouping { memory.keep(grouping, place) } }
        return grouping ?? Grouping(samples, subset, delaysNames: delaysNames)
    }
}
