import MetricsModel
import Support
import Testing

@testable import SampleStore

@Suite struct LabelSharingTests {
    /// Built at run time, so that each call has memory of its own.
    private static func text(_ prefix: String, _ number: Int) -> String { prefix + " of more than fifteen bytes \(number)" }

    private static func randomLabels(_ random: inout SeededGenerator) -> Labels {
        Labels([
            Label(Labels.metricName, text("metric", Int.random(in: 0..<4, using: &random))),
            Label(text("label", 0), text("value", Int.random(in: 0..<30, using: &random))),
            Label("short", ["", "é", "e\u{301}", "1"].randomElement(using: &random) ?? ""),
        ])
    }

    private static func address(_ text: String) -> Int? {
        unsafe text.utf8.withContiguousStorageIfAvailable { bytes in unsafe bytes.baseAddress.map { Int(bitPattern: $0) } } ?? nil
    }

    @Test(
        "Series that come and go keep their labels, are found by them, and share equal texts; the last one takes its bytes along")
    func comingAndGoing() throws {
        for seed in UInt64(0)..<3 {
            var random = SeededGenerator(seed: seed)
            let store = SampleStore(limits: StoreLimits(retention: .seconds(100)))
            var newest: [Labels: Int64] = [:]
            var time: Int64 = 1_000_000
            for _ in 0..<40 {
                for _ in 0..<Int.random(in: 0..<40, using: &random) {
                    let labels = LabelSharingTests.randomLabels(&random)
                    store.append(labels, at: time, 1)
                    newest[labels] = time
                    time += 10
                }
                time += Int64.random(in: 0..<90_000, using: &random)
                // Retention is applied once in a minute of samples.
                store.append(Labels([Label(Labels.metricName, "clock")]), at: time, 1)
                for (labels, last) in newest where last > time - 30_000 {
                    let matchers = labels.pairs.map { LabelMatcher($0.name, equals: $0.value) }
                    let found = store.series(matchers, from: .min, through: .max)
                    #expect(found.contains { $0 == labels && $0.pairs == labels.pairs }, "seed \(seed), \(labels)")
                }
                let held = store.series([], from: .min, through: .max)
                #expect(held.allSatisfy { $0.name == "clock" || newest[$0] != nil }, "seed \(seed)")
                #expect(Set(held).count == held.count && held.count == store.stats.series, "seed \(seed)")
                var addresses: [String: Set<Int>] = [:]
                for label in held.flatMap(\.pairs) where label.value.utf8.count > 15 {
                    if let address = LabelSharingTests.address(label.value) {
                        addresses[label.value, default: []].insert(address)
                    }
                }
                #expect(addresses.values.allSatisfy { $0.count == 1 }, "seed \(seed)")
            }
            // All go but the clock, which is what a store has that never held another.
            for minute in Int64(1)...4 {
                store.append(Labels([Label(Labels.metricName, "clock")]), at: time + minute * 7_200_000, 1)
            }
            let fresh = SampleStore()
            fresh.append(Labels([Label(Labels.metricName, "clock")]), at: time, 1)
            #expect(store.stats.series == 1 && store.stats.bytes <= fresh.stats.bytes + 100, "seed \(seed): \(store.stats)")
            #expect(store.labelNames() == [Labels.metricName], "seed \(seed)")
        }
    }

    @Test("The table of slots agrees with a dictionary while series come and go")
    func slotTable() {
        for seed in UInt64(0)..<10 {
            var random = SeededGenerator(seed: seed)
            let slots = (0..<300).map { StoredSeries(labels: Labels(["x": "\($0)"]), generation: 1) }
            var table = SlotTable()
            var plain: [Labels: Int32] = [:]
            for _ in 0..<2_000 {
                let slot = Int32.random(in: 0..<Int32(slots.count), using: &random)
                let labels = slots[Int(slot)].labels
                if plain[labels] == nil {
                    table.insert(slot, in: slots)
                    plain[labels] = slot
                } else if Bool.random(using: &random) {
                    table.remove(slot, in: slots)
                    plain[labels] = nil
                }
                let other = slots.randomElement(using: &random)?.labels ?? .empty
                #expect(table.slot(of: other, in: slots) == plain[other], "seed \(seed)")
            }
            for series in slots { #expect(table.slot(of: series.labels, in: slots) == plain[series.labels], "seed \(seed)") }
        }
    }
}
