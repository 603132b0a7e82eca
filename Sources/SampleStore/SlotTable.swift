import MetricsModel

/// Which slot holds the series of given labels. The labels are in the slots already, so an entry is four bytes and not the twenty of
/// a dictionary's: a hash table with open addressing, three quarters full at most.
struct SlotTable: Sendable {
    private static let free: Int32 = -1

    /// A power of two, or none before the first series.
    private var places: [Int32] = []
    private var count = 0

    /// Expected O(1).
    func slot(of labels: Labels, in slots: [StoredSeries]) -> Int32? {
        guard !places.isEmpty else { return nil }
        var place = home(labels)
        while places[place] != SlotTable.free {
            let slot = places[place]
            if slots[Int(slot)].labels == labels { return slot }
            place = after(place)
        }
        return nil
    }

    /// Enters a slot that holds a series already, whose labels no other slot has. Expected amortised O(1).
    mutating func insert(_ slot: Int32, in slots: [StoredSeries]) {
        if (count + 1) * 4 > places.count * 3 {
            let former = places
            places = Array(repeating: SlotTable.free, count: max(16, former.count * 2))
            for slot in former where slot != SlotTable.free { put(slot, slots) }
        }
        put(slot, slots)
        count += 1
    }

    /// Takes out a slot that still holds its series. Expected O(1).
    mutating func remove(_ slot: Int32, in slots: [StoredSeries]) {
        guard !places.isEmpty else { return }
        var hole = home(slots[Int(slot)].labels)
        while places[hole] != slot {
            guard places[hole] != SlotTable.free else { return }
            hole = after(hole)
        }
        count -= 1
        // What stands behind moves up where the hole would part it from its home (Knuth, TAOCP 3, 6.4, algorithm R).
        var next = after(hole)
        while places[next] != SlotTable.free {
            let distance = (next &- home(slots[Int(places[next])].labels)) & (places.count - 1)
            if distance >= (next &- hole) & (places.count - 1) {
                places[hole] = places[next]
                hole = next
            }
            next = after(next)
        }
        places[hole] = SlotTable.free
    }

    private mutating func put(_ slot: Int32, _ slots: [StoredSeries]) {
        var place = home(slots[Int(slot)].labels)
        while places[place] != SlotTable.free { place = after(place) }
        places[place] = slot
    }

    /// By Swift's seeded hash: nobody outside can choose labels that fall together.
    private func home(_ labels: Labels) -> Int { labels.hashValue & (places.count - 1) }

    private func after(_ place: Int) -> Int { (place + 1) & (places.count - 1) }
}
