import MetricsModel

/// A place in a series: between two samples, or on one that was looked at and not taken.
struct WindowPlace: Sendable {
    private var cursor = XORCursor()
    /// As `StoredSeries` numbers its chunks.
    private(set) var chunk: UInt32
    private var isPending = false

    /// Before the first sample of the first chunk that reaches past `time`.
    init(_ series: UnsafePointer<StoredSeries>, after time: Int64) {
        let chunks = unsafe series.pointee.chunks
        let closed = chunks.firstIndex { $0.lastTimestamp > time } ?? chunks.count
        chunk = unsafe series.pointee.firstChunk &+ UInt32(truncatingIfNeeded: closed)
    }

    /// Walks on over the samples that `take` accepts, stale markers left out, and stops before the first that it does not.
    @inline(__always)
    mutating func walk(_ series: UnsafePointer<StoredSeries>, _ take: (Int64, Double) -> Bool) {
        if isPending {
            guard take(cursor.timestamp, cursor.value) else { return }
            isPending = false
        }
        while true {
            let place = unsafe Int(chunk &- series.pointee.firstChunk)
            let isHead = unsafe place >= series.pointee.chunks.count
            let isEnd: Bool
            if isHead {
                let count = unsafe series.pointee.head.count
                // Mostly nothing has come.
                guard Int(cursor.read) < count else { return }
                isEnd = unsafe series.pointee.head.bytes.withUnsafeBytes { unsafe walk($0, count, take) }
            } else {
                let count = unsafe series.pointee.chunks[place].count
                isEnd = unsafe series.pointee.chunks[place].bytes.withUnsafeBytes { unsafe walk($0, count, take) }
            }
            guard isEnd, !isHead else { return }
            chunk &+= 1
            cursor = XORCursor()
        }
    }

    /// True when the chunk was walked to its end.
    @inline(__always)
    private mutating func walk(_ bytes: UnsafeRawBufferPointer, _ count: Int, _ take: (Int64, Double) -> Bool) -> Bool {
        while Int(cursor.read) < count {
            guard unsafe cursor.next(bytes) else { return false }
            if isStaleMarker(cursor.value) { continue }
            guard take(cursor.timestamp, cursor.value) else {
                isPending = true
                return false
            }
        }
        return true
    }
}

/// What is remembered of one series between two reads of a window. Series come as pointers into the store's slots, under its lock:
/// a copy would count references on four objects, which was a third of an evaluation.
protocol SeriesWindow: Sendable {
    /// Whether its times may only go forward.
    static var isOrdered: Bool { get }
    var slot: Int32 { get }
    var generation: UInt32 { get }
    /// Memory besides the labels, counted when it is made for about `samples` samples.
    static func sizeBytes(samples: Int) -> Int
    var sizeBytes: Int { get }
    init(slot: Int32, _ series: UnsafePointer<StoredSeries>)
    mutating func advance(_ series: UnsafePointer<StoredSeries>, after: Int64, through: Int64)
}

/// The newest sample of a window.
struct NewestWindow: SeriesWindow {
    static let isOrdered = false
    let slot: Int32
    let generation: UInt32
    let labels: Labels
    private(set) var sample: Sample?

    init(slot: Int32, _ series: UnsafePointer<StoredSeries>) {
        self.slot = slot
        generation = unsafe series.pointee.generation
        labels = unsafe series.pointee.labels
    }

    static func sizeBytes(samples: Int) -> Int { MemoryLayout<NewestWindow>.stride }

    var sizeBytes: Int { NewestWindow.sizeBytes(samples: 1) }

    mutating func advance(_ series: UnsafePointer<StoredSeries>, after: Int64, through: Int64) {
        // Mostly it is the newest of all, and nothing else of the series is touched.
        let newest = unsafe series.pointee.head.lastTimestamp
        if unsafe series.pointee.head.count > 0, newest <= through {
            sample =
                newest > after
                ? Sample(timestamp: newest, value: unsafe Double(bitPattern: series.pointee.head.lastBits)) : nil
        } else {
            sample = unsafe series.pointee.newest(after: after, through: through)
        }
    }
}

/// The summary of a window: two places, at its oldest sample and past its newest, and what follows from the samples between.
struct SummaryWindow: SeriesWindow {
    static let isOrdered = true
    let slot: Int32
    let generation: UInt32
    let labels: Labels
    private(set) var summary = WindowSummary()
    /// nil before the first read.
    private var places: (tail: WindowPlace, head: WindowPlace)?

    init(slot: Int32, _ series: UnsafePointer<StoredSeries>) {
        self.slot = slot
        generation = unsafe series.pointee.generation
        labels = unsafe series.pointee.labels
    }

    static func sizeBytes(samples: Int) -> Int { MemoryLayout<SummaryWindow>.stride }

    var sizeBytes: Int { MemoryLayout<SummaryWindow>.stride + (summary.lost.isEmpty ? 0 : 48 + 8 * summary.lost.capacity) }

    mutating func advance(_ series: UnsafePointer<StoredSeries>, after: Int64, through: Int64) {
        var window = WindowSummary()
        var tail: WindowPlace
        var head: WindowPlace
        if let places, unsafe places.tail.chunk >= series.pointee.firstChunk {
            (tail, head) = places
            swap(&window, &summary)
        } else {
            // New, or retention has taken what the window began with.
            tail = unsafe WindowPlace(series, after: after)
            head = tail
        }
        unsafe head.walk(series) { timestamp, value in
            guard timestamp <= through else { return false }
            window.add(timestamp, value)
            return true
        }
        // Pairs of neighbours leave with their older sample.
        var left: Double?
        unsafe tail.walk(series) { timestamp, value in
            if let older = left, timestamp <= through { window.removePair(older, value) }
            guard timestamp <= after else {
                window.firstTimestamp = timestamp
                window.first = value
                return false
            }
            window.count -= 1
            left = value
            return true
        }
        summary = window
        places = (tail, head)
    }
}

extension WindowSummary {
    @inline(__always)
    fileprivate mutating func add(_ timestamp: Int64, _ value: Double) {
        if count > 0 {
            if value != last, !(value.isNaN && last.isNaN) { changes += 1 }
            if value < last { lost.append(last) }
            previousTimestamp = lastTimestamp
            previous = last
        }
        count += 1
        lastTimestamp = timestamp
        last = value
    }

    @inline(__always)
    fileprivate mutating func removePair(_ older: Double, _ newer: Double) {
        if newer != older, !(newer.isNaN && older.isNaN) { changes -= 1 }
        if newer < older { lost.removeFirst() }
    }
}

/// The samples of a window, decoded.
struct RingWindow: SeriesWindow {
    static let isOrdered = true
    let slot: Int32
    let generation: UInt32
    let labels: Labels
    private(set) var timestamps: [Int64] = []
    private(set) var values: [Double] = []
    /// Of the oldest sample in the window; those before have left it.
    private(set) var lower = 0
    /// nil before the first read.
    private var head: WindowPlace?

    init(slot: Int32, _ series: UnsafePointer<StoredSeries>) {
        self.slot = slot
        generation = unsafe series.pointee.generation
        labels = unsafe series.pointee.labels
    }

    static func sizeBytes(samples: Int) -> Int { MemoryLayout<RingWindow>.stride + 96 + 24 * samples }

    var sizeBytes: Int { MemoryLayout<RingWindow>.stride + 96 + 8 * (timestamps.capacity + values.capacity) }

    mutating func advance(_ series: UnsafePointer<StoredSeries>, after: Int64, through: Int64) {
        var place: WindowPlace
        if let head, unsafe head.chunk >= series.pointee.firstChunk {
            place = head
        } else {
            timestamps.removeAll(keepingCapacity: true)
            values.removeAll(keepingCapacity: true)
            lower = 0
            place = unsafe WindowPlace(series, after: after)
        }
        unsafe place.walk(series) { timestamp, value in
            guard timestamp <= through else { return false }
            guard timestamp > after else { return true }
            timestamps.append(timestamp)
            values.append(value)
            return true
        }
        head = place
        // What retention has taken is gone for every reader.
        let oldest = max(after == .max ? after : after + 1, unsafe series.pointee.firstTimestamp ?? .max)
        while lower < timestamps.count, timestamps[lower] < oldest { lower += 1 }
        guard lower > 32, lower * 2 > timestamps.count else { return }
        timestamps.removeFirst(lower)
        values.removeFirst(lower)
        lower = 0
    }
}
