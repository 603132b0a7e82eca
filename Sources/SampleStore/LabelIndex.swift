import MetricsModel

/// Which series carry which label: for each name and value the slots of the series, ascending ("postings"). The memory is four
/// bytes per label of a series, and `textOverheadBytes` per distinct value.
///
/// Its names and values are also the texts of the stored series' labels, each one once: series that were read from a file or came
/// over the network would bring a copy each. A text goes with the last series that has it.
struct LabelIndex: Sendable {
    /// What a distinct name or value costs besides its bytes: its entry and its list of slots.
    static let textOverheadBytes = 120
    /// Shorter ones are inside the string itself.
    private static let inlineBytesMax = 15
    /// The header of a string's memory and the allocator's.
    private static let stringOverheadBytes = 48

    /// A text that is equal byte for byte only, as labels are.
    private struct Text: Hashable {
        let text: String

        static func == (a: Text, b: Text) -> Bool { sameBytes(a.text, b.text) }

        func hash(into hasher: inout Hasher) { hasher.combine(text) }
    }

    private var postings: [Text: [Text: [Int32]]] = [:]
    private var all: [Int32] = []
    /// Another one whenever a series came or went: what was looked up before may no longer be the answer.
    private(set) var revision: UInt64 = 0

    mutating func insert(_ slot: Int32, _ labels: Labels) {
        revision &+= 1
        LabelIndex.insert(slot, into: &all)
        for label in labels.pairs {
            LabelIndex.insert(slot, into: &postings[Text(text: label.name), default: [:]][Text(text: label.value), default: []])
        }
    }

    /// The same labels in an array of just their size, with the texts that are here already, and what those that are not will take.
    func sharing(_ labels: Labels) -> (labels: Labels, bytes: Int) {
        var shared: [Label] = []
        shared.reserveCapacity(labels.pairs.count)
        var bytes = 0
        for label in labels.pairs {
            guard let name = postings.index(forKey: Text(text: label.name)) else {
                bytes += LabelIndex.sizeBytes(label.name) + LabelIndex.sizeBytes(label.value)
                shared.append(label)
                continue
            }
            let values = postings[name].value
            guard let value = values.index(forKey: Text(text: label.value)) else {
                bytes += LabelIndex.sizeBytes(label.value)
                shared.append(Label(postings[name].key.text, label.value))
                continue
            }
            shared.append(Label(postings[name].key.text, values[value].key.text))
        }
        return (Labels(sorted: shared), bytes)
    }

    private static func sizeBytes(_ text: String) -> Int {
        let bytes = text.utf8.count
        return textOverheadBytes + (bytes > inlineBytesMax ? stringOverheadBytes + bytes : 0)
    }

    /// Takes many series out at once: each list is walked once. The bytes of the texts that went with them are answered.
    mutating func remove(_ removed: [(slot: Int32, labels: Labels)]) -> Int {
        revision &+= 1
        var freed = 0
        let slots = Set(removed.map(\.slot))
        all.removeAll { slots.contains($0) }
        var lists = Set<[Text]>()
        for label in removed.lazy.flatMap(\.labels.pairs) { lists.insert([Text(text: label.name), Text(text: label.value)]) }
        for list in lists {
            postings[list[0]]?[list[1]]?.removeAll { slots.contains($0) }
            if postings[list[0]]?[list[1]]?.isEmpty == true {
                postings[list[0]]?[list[1]] = nil
                freed += LabelIndex.sizeBytes(list[1].text)
            }
            if postings[list[0]]?.isEmpty == true {
                postings[list[0]] = nil
                freed += LabelIndex.sizeBytes(list[0].text)
            }
        }
        return freed
    }

    /// The names of labels, sorted.
    var names: [String] { postings.keys.map(\.text).sorted(by: bytesPrecede) }

    /// The values of a label, sorted.
    func values(of name: String) -> [String] {
        (postings[Text(text: name)] ?? [:]).keys.map(\.text).sorted(by: bytesPrecede)
    }

    /// The slots of the series to which all matchers apply, ascending. Equality and plain alternatives are look-ups and go first;
    /// what remains is decided on the candidates' own labels or on the values of the label, whichever are fewer.
    func slots(_ matchers: [LabelMatcher], labels: (Int32) -> Labels) -> [Int32] {
        var candidates: [Int32]?
        var rest: [LabelMatcher] = []
        for matcher in matchers {
            guard let found = lookUp(matcher) else {
                rest.append(matcher)
                continue
            }
            candidates = candidates.map { LabelIndex.intersection($0, found) } ?? found
            if candidates?.isEmpty == true { return [] }
        }
        for matcher in rest {
            let values = postings[Text(text: matcher.name)] ?? [:]
            if let few = candidates, few.count <= values.count {
                candidates = few.filter { matcher.matches(labels($0)) }
            } else if matcher.matches("") {
                // A series without the label matches too: take away those whose value does not.
                let unwanted = LabelIndex.union(values.lazy.filter { !matcher.matches($0.key.text) }.map(\.value))
                candidates = LabelIndex.difference(candidates ?? all, unwanted)
            } else {
                let wanted = LabelIndex.union(values.lazy.filter { matcher.matches($0.key.text) }.map(\.value))
                candidates = candidates.map { LabelIndex.intersection($0, wanted) } ?? wanted
            }
        }
        return candidates ?? all
    }

    /// The slots of a matcher that names its values; nil for the others, among them those that an absent label satisfies.
    private func lookUp(_ matcher: LabelMatcher) -> [Int32]? {
        switch matcher.op {
        case .equal:
            guard !matcher.value.isEmpty else { return nil }
            return postings[Text(text: matcher.name)]?[Text(text: matcher.value)] ?? []
        case .regex:
            guard let literals = matcher.pattern?.literals, !literals.contains("") else { return nil }
            guard let values = postings[Text(text: matcher.name)] else { return [] }
            return LabelIndex.union(Set(literals.map { Text(text: $0) }).compactMap { values[$0] })
        case .notEqual, .notRegex: return nil
        }
    }

    private static func insert(_ slot: Int32, into list: inout [Int32]) {
        // Slots mostly grow; a used one that was freed comes back in between.
        guard let last = list.last, last > slot else {
            if list.last == slot { return }
            // Doubling would leave a third of the memory of lists unused.
            if list.count == list.capacity { list.reserveCapacity(list.count + max(2, list.count / 8)) }
            list.append(slot)
            return
        }
        var low = 0
        var high = list.count
        while low < high {
            let middle = (low + high) / 2
            if list[middle] < slot { low = middle + 1 } else { high = middle }
        }
        if list[low] != slot { list.insert(slot, at: low) }
    }

    static func intersection(_ a: [Int32], _ b: [Int32]) -> [Int32] {
        let (short, long) = a.count <= b.count ? (a, b) : (b, a)
        var out: [Int32] = []
        out.reserveCapacity(short.count)
        var place = 0
        for slot in short {
            // Doubling steps: a short list against a long one costs the logarithm, two alike cost their sum.
            var step = 1
            while place + step < long.count, long[place + step] < slot {
                place += step
                step *= 2
            }
            while place < long.count, long[place] < slot { place += 1 }
            guard place < long.count else { break }
            if long[place] == slot { out.append(slot) }
        }
        return out
    }

    static func difference(_ a: [Int32], _ b: [Int32]) -> [Int32] {
        var place = 0
        return a.filter { slot in
            while place < b.count, b[place] < slot { place += 1 }
            return place == b.count || b[place] != slot
        }
    }

    static func union(_ lists: some Sequence<[Int32]>) -> [Int32] {
        var all: [Int32] = []
        var count = 0
        for list in lists {
            all += list
            count += 1
        }
        // The lists of one label do not overlap: a series has one value of it.
        if count > 1 { all.sort() }
        return all
    }
}
