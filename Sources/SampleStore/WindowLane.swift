import MetricsModel
import Synchronization

/// The windows of all series of one selector, moved on together from read to read.
final class WindowLane<Window: SeriesWindow>: Sendable {
    private struct State {
        /// Ascending by slot, as a selection answers.
        var windows: [Window] = []
        /// Of the index when the series were looked up; nil before.
        var revision: UInt64?
        var through = Int64.min
    }

    private let matchers: [LabelMatcher]
    private let state = Mutex(State())

    init(_ matchers: [LabelMatcher]) {
        self.matchers = matchers
    }

    /// Moves on to `after < time ≤ through`, and hands each series' window to `body`. Nil, and nothing is handed over, when another
    /// reader has moved on to a later time already, or when the windows would take more than `bytesMax`; otherwise what they take.
    func read(
        _ store: SampleStore, after: Int64, through: Int64, bytesMax: Int, _ body: (borrowing Window) -> Void
    ) -> Int? {
        state.withLock { lane in
            guard !Window.isOrdered || lane.through <= through else { return nil }
            let isPossible = store.state.withLock { store in
                if lane.revision != store.index.revision {
                    let slots = store.slots(matchers)
                    guard bytesFor(slots, store, through &- after) <= bytesMax else { return false }
                    lane.windows = WindowLane.matched(slots, store, lane.windows)
                    lane.revision = store.index.revision
                }
                unsafe store.slots.withUnsafeBufferPointer { slots in
                    guard let first = slots.baseAddress else { return }
                    for place in lane.windows.indices {
                        // Of the same revision of the index, so there is a series in the slot.
                        let series = unsafe first + Int(lane.windows[place].slot)
                        unsafe lane.windows[place].advance(series, after: after, through: through)
                    }
                }
                return true
            }
            guard isPossible else { return nil }
            lane.through = through
            return unsafe lane.windows.withUnsafeBufferPointer { windows in
                var bytes = 0
                for place in windows.indices {
                    unsafe body(windows[place])
                    bytes += unsafe windows[place].sizeBytes
                }
                return bytes
            }
        }
    }

    /// What the windows will take, as far as the series' newest chunks tell how many samples there will be.
    private func bytesFor(_ slots: [Int32], _ store: borrowing StoreState, _ length: Int64) -> Int {
        unsafe store.slots.withUnsafeBufferPointer { series in
            guard let first = series.baseAddress else { return 0 }
            var bytes = 0
            for slot in slots {
                let series = unsafe first + Int(slot)
                let span = unsafe max(1, series.pointee.head.lastTimestamp &- series.pointee.head.firstTimestamp)
                let samples = unsafe Double(series.pointee.head.count) * max(1, Double(length) / Double(span))
                bytes += unsafe Window.sizeBytes(samples: min(series.pointee.sampleCount, Int(min(samples, 1e9))))
            }
            return bytes
        }
    }

    /// The windows of these slots: known ones stay, series that are gone leave.
    private static func matched(_ slots: [Int32], _ store: borrowing StoreState, _ known: [Window]) -> [Window] {
        var windows: [Window] = []
        windows.reserveCapacity(slots.count)
        var place = 0
        unsafe store.slots.withUnsafeBufferPointer { series in
            guard let first = series.baseAddress else { return }
            for slot in slots {
                while place < known.count, known[place].slot < slot { place += 1 }
                let series = unsafe first + Int(slot)
                if place < known.count, known[place].slot == slot, unsafe known[place].generation == series.pointee.generation {
                    windows.append(known[place])
                } else {
                    windows.append(unsafe Window(slot: slot, series))
                }
            }
        }
        return windows
    }
}
