import MetricsModel

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Some labels of a series: the named ones (`by`, `on`), or all but the named ones and the metric name (`without`, `ignoring`).
struct LabelSubset {
    let names: [String]
    let keeps: Bool

    @inline(__always)
    func includes(_ name: String, hidingName: Bool) -> Bool {
        if hidingName && isMetadataLabel(name) { return false }
        return keeps ? names.contains(name) : name != Labels.metricName && !names.contains(name)
    }

    /// Equal for equal subsets.
    func hash(_ labels: Labels, hidingName: Bool) -> UInt64 {
        var hash: UInt64 = 0x9E37_79B9_7F4A_7C15
        for pair in labels.pairs where includes(pair.name, hidingName: hidingName) {
            mix(&hash, pair.name)
            mix(&hash, pair.value)
        }
        return hash
    }

    func isEqual(_ a: Labels, hidingName aHides: Bool, _ b: Labels, hidingName bHides: Bool) -> Bool {
        var i = 0
        var j = 0
        let (x, y) = (a.pairs, b.pairs)
        while true {
            while i < x.count, !includes(x[i].name, hidingName: aHides) { i += 1 }
            while j < y.count, !includes(y[j].name, hidingName: bHides) { j += 1 }
            if i == x.count || j == y.count { return i == x.count && j == y.count }
            guard identicalBytes(x[i].name, y[j].name), identicalBytes(x[i].value, y[j].value) else { return false }
            i += 1
            j += 1
        }
    }

    func labels(of labels: Labels, hidingName: Bool) -> Labels {
        Labels(sorted: labels.pairs.filter { includes($0.name, hidingName: hidingName) })
    }
}

/// Equality of the UTF-8 bytes in one comparison of memory.
@inline(__always)
private func identicalBytes(_ a: String, _ b: String) -> Bool {
    let answer = a.utf8.withContiguousStorageIfAvailable { x in
        b.utf8.withContiguousStorageIfAvailable { y in
            guard x.count == y.count else { return false }
            guard let p = x.baseAddress, let q = y.baseAddress else { return true }
            return memcmp(p, q, x.count) == 0
        }
    }
    return (answer ?? nil) ?? sameBytes(a, b)
}

/// Mixes a text into a hash, eight bytes at a time. The hash never leaves the process.
@inline(__always)
private func mix(_ hash: inout UInt64, _ text: String) {
    let mixed: UInt64? = text.utf8.withContiguousStorageIfAvailable { buffer in
        let bytes = UnsafeRawBufferPointer(buffer)
        var state = hash ^ UInt64(truncatingIfNeeded: bytes.count)
        var offset = 0
        while offset + 8 <= bytes.count {
            state = (state ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) &* 0x9FB2_1C65_1E98_DF25
            state ^= state >> 32
            offset += 8
        }
        var rest: UInt64 = 0
        while offset < bytes.count {
            rest = rest << 8 | UInt64(bytes[offset])
            offset += 1
        }
        state = (state ^ rest) &* 0x9FB2_1C65_1E98_DF25
        return state ^ state >> 29
    }
    if let mixed {
        hash = mixed
    } else {
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash = (hash ^ 0xFF) &* 0x100_0000_01b3
    }
}

/// Groups of samples by a subset of their labels, in the order of their first members.
struct GroupIndex {
    private let subset: LabelSubset
    private let delaysNames: Bool
    private var first: [UInt64: Int] = [:]
    /// For each group: the next one with the same hash (which hardly ever happens), or -1.
    private var next: [Int] = []
    private(set) var representatives: [Sample] = []

    init(_ subset: LabelSubset, delaysNames: Bool) {
        self.subset = subset
        self.delaysNames = delaysNames
    }

    var count: Int { representatives.count }

    private func hides(_ sample: Sample) -> Bool { sample.nameless && !delaysNames }

    /// The group of a sample, if it exists.
    func find(_ sample: Sample) -> Int? {
        find(sample, hash: subset.hash(sample.labels, hidingName: hides(sample)))
    }

    private func find(_ sample: Sample, hash: UInt64) -> Int? {
        guard var group = first[hash] else { return nil }
        while group >= 0 {
            let other = representatives[group]
            if subset.isEqual(sample.labels, hidingName: hides(sample), other.labels, hidingName: hides(other)) { return group }
            group = next[group]
        }
        return nil
    }

    /// The group of a sample; made when it does not exist.
    mutating func insert(_ sample: Sample) -> (group: Int, isNew: Bool) {
        let hash = subset.hash(sample.labels, hidingName: hides(sample))
        if let found = find(sample, hash: hash) { return (found, false) }
        let group = representatives.count
        representatives.append(sample)
        next.append(first[hash] ?? -1)
        first[hash] = group
        return (group, true)
    }

    func labels(of group: Int) -> Labels {
        let sample = representatives[group]
        return subset.labels(of: sample.labels, hidingName: hides(sample))
    }
}
