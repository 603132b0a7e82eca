import MetricsModel

/// All that the store holds, as a value: the lock is around it, and no I/O is in it.
struct StoreState: Sendable {
    /// How often retention looks at all series, in the samples' own time. A minute's delay in dropping is of no account.
    private static let sweepIntervalMilliseconds: Int64 = 60_000

    private(set) var limits: StoreLimits
    /// Of the limits; reckoned once, because every append asks.
    private var retentionMilliseconds: Int64
    /// A freed slot is vacant until it is used again; `generation` tells the old series from the new. No optionals: changing one
    /// in place copies it, which was half the cost of an append.
    private(set) var slots: [StoredSeries] = []
    private var freeSlots: [Int32] = []
    private var places = SlotTable()
    private(set) var index = LabelIndex()
    private var nextGeneration: UInt32 = 1
    private var lastSweep: Int64?
    /// Once in a batch is enough: it looks at every chunk.
    private var shedInBatch = false
    private(set) var stats = StoreStats()
    var log: LogBuffer?
    /// Of families that are marked as bulk only these are taken.
    var bulk = ReadNames.everything

    init(limits: StoreLimits) {
        self.limits = limits
        retentionMilliseconds = limits.retentionMilliseconds
    }

    /// From now on samples are kept this long; what is too old for it goes with the next sweep.
    mutating func setRetention(_ retention: Duration) {
        limits.retention = retention
        retentionMilliseconds = limits.retentionMilliseconds
    }

    /// Whether the slot still holds that series.
    func holds(_ slot: Int32, _ generation: UInt32) -> Bool {
        let place = Int(slot)
        return slots.indices.contains(place) && slots[place].generation == generation
    }

    func slot(of labels: Labels) -> Int32? { places.slot(of: labels, in: slots) }

    /// The slot of a series, made when there is none; nil when the limits refuse a new one, which is counted.
    mutating func slotMaking(_ labels: Labels) -> Int32? {
        if let known = slot(of: labels) { return known }
        guard stats.series < limits.seriesMax else {
            count(.seriesLimit)
            return nil
        }
        let (labels, textBytes) = index.sharing(labels)
        let series = StoredSeries(labels: labels, generation: nextGeneration)
        guard stats.bytes + series.sizeBytes + textBytes <= limits.bytesMax else {
            count(.bytesLimit)
            return nil
        }
        nextGeneration &+= 1
        let slot: Int32
        if let free = freeSlots.popLast() {
            slot = free
            slots[Int(free)] = series
        } else {
            guard let next = Int32(exactly: slots.count) else {
                count(.seriesLimit)
                return nil
            }
            slot = next
            // Doubling would leave a third of the slots unused.
            if slots.count == slots.capacity { slots.reserveCapacity(slots.count + max(64, slots.count / 8)) }
            slots.append(series)
        }
        places.insert(slot, in: slots)
        index.insert(slot, labels)
        stats.series += 1
        stats.bytes += series.sizeBytes + textBytes
        return slot
    }

    /// Appends to the series in a slot, as Prometheus' head does: the same sample twice is one, an older one or another value at
    /// the newest time is refused and counted. False when it was refused.
    @discardableResult
    mutating func append(_ slot: Int32, _ sample: Sample) -> Bool {
        let place = Int(slot)
        guard slots.indices.contains(place), !slots[place].isVacant else { return false }
        if let newest = slots[place].last {
            if sample.timestamp < newest.timestamp {
                count(.outOfOrder)
                return false
            }
            if sample.timestamp == newest.timestamp {
                if sample.value.bitPattern == newest.value.bitPattern { return true }
                count(.duplicateTimestamp)
                return false
            }
        }
        if let latest = stats.newestTimestamp, sample.timestamp < latest &- retentionMilliseconds {
            count(.tooOld)
            return false
        }
        if stats.bytes > limits.bytesMax {
            if !shedInBatch { shed() }
            // Shedding never takes a series away, so the slot is still the same one.
            guard stats.bytes <= limits.bytesMax else {
                count(.bytesLimit)
                return false
            }
        }
        stats.bytes += slots[place].append(sample)
        stats.samples += 1
        stats.newestTimestamp = max(stats.newestTimestamp ?? sample.timestamp, sample.timestamp)
        if let epoch = log?.epoch {
            if slots[place].logEpoch != epoch {
                slots[place].logReference = log?.define(slots[place].labels) ?? 0
                slots[place].logEpoch = epoch
            }
            log?.add(slots[place].logReference, sample)
        }
        return true
    }

    /// Ends a batch of appends: its samples become one record of the log, and retention is applied when it is due.
    mutating func endBatch() {
        log?.endBatch()
        shedInBatch = false
        guard let latest = stats.newestTimestamp else { return }
        if let lastSweep, latest &- lastSweep < StoreState.sweepIntervalMilliseconds { return }
        lastSweep = latest
        drop(before: latest &- retentionMilliseconds)
    }

    /// Puts back what a snapshot held of one series: the number of chunks that could not be.
    mutating func restore(_ labels: Labels, _ chunks: [XORChunk]) -> Int {
        guard let slot = slotMaking(labels) else { return chunks.count }
        var lost = 0
        for chunk in chunks {
            if let bytes = slots[Int(slot)].restore(chunk) {
                stats.bytes += bytes
                stats.samples += chunk.count
                let newest = slots[Int(slot)].last?.timestamp ?? chunk.lastTimestamp
                stats.newestTimestamp = max(stats.newestTimestamp ?? newest, newest)
            } else {
                lost += 1
            }
        }
        return lost
    }

    /// A replayed log meets samples that the snapshot has already; they are no fault of anyone.
    mutating func forgetRefusals() {
        stats.refused = StoreStats().refused
    }

    /// A batch did not reach the log: the definitions in it have to come again.
    mutating func countLogFailure() {
        stats.logFailures += 1
        log?.forgetDefinitions()
    }

    private mutating func count(_ reason: RefusalReason) { stats.refused[reason, default: 0] += 1 }

    /// Drops chunks, and series of which nothing is left.
    private mutating func drop(before horizon: Int64) {
        var removed: [(slot: Int32, labels: Labels)] = []
        for place in slots.indices {
            // One without samples is new, and its first sample was refused.
            guard !slots[place].isVacant, slots[place].firstTimestamp ?? .min < horizon else { continue }
            let freed = slots[place].dropChunks(before: horizon)
            stats.bytes -= freed.bytes
            stats.samples -= freed.samples
            guard slots[place].last?.timestamp ?? .min < horizon else { continue }
            let series = slots[place]
            stats.bytes -= series.sizeBytes
            stats.samples -= series.sampleCount
            stats.series -= 1
            removed.append((Int32(place), series.labels))
            places.remove(Int32(place), in: slots)
            slots[place] = .vacant
        }
        guard !removed.isEmpty else { return }
        stats.bytes -= index.remove(removed)
        freeSlots += removed.map(\.slot)
    }

    /// Frees a tenth of the memory by dropping the oldest closed chunks of all series.
    private mutating func shed() {
        shedInBatch = true
        let wanted = limits.bytesMax / 10 + stats.bytes - limits.bytesMax
        var ages = slots.flatMap { series in
            series.chunks.map { ($0.lastTimestamp, $0.bytes.count + StoredSeries.chunkOverheadBytes) }
        }
        ages.sort { $0.0 < $1.0 }
        var freed = 0
        guard
            let horizon = ages.first(where: { age in
                freed += age.1
                return freed >= wanted
            })?.0 ?? ages.last?.0
        else { return }
        for place in slots.indices {
            let dropped = slots[place].dropChunks(before: horizon &+ 1)
            stats.bytes -= dropped.bytes
            stats.samples -= dropped.samples
        }
    }
}
