/// Rows that wait for the database, in order, in one file of the storage path. A row is on the disk when `append` returns, and gone
/// only after `acknowledge`: a crash between costs nothing, and what is then sent again has its id already.
///
/// The file is a log of lines: rows, and 'written up to here'. It is emptied when no row waits and rewritten when most of it is
/// history. A torn last line (power cut, full disk) is cut off at the start; a damaged line elsewhere is passed over and counted.
public struct RecordSpool: ~Copyable, Sendable {
    /// A week of one row a minute: longer outages are a different problem, and the file stays under about 40 MB.
    public static let rowsMaxDefault = 10_080
    /// A line longer than this is damage, not a row: rows are a few kilobytes.
    static let lineBytesMax = 4 << 20
    private static let name = "/records.spool"
    /// History under this is not worth a rewrite.
    static let historyBytesMax: Int64 = 1 << 20

    /// A row that waits.
    struct Entry {
        let sequence: UInt64
        let offset: Int64
        /// Without the line feed.
        let length: Int
    }

    /// A row as it was appended.
    struct Row: Equatable {
        let sequence: UInt64
        let json: String
    }

    public let path: String
    private let directory: String
    let rowsMax: Int
    private var file: SpoolFile
    private var entries: [Entry] = []
    private var size: Int64 = 0
    private var lastSequence: UInt64 = 0
    /// Lines that were damaged when the file was read.
    public private(set) var damagedLines = 0

    /// Opens `records.spool` in a directory that is there, and reads which rows wait. Throws `spoolFailed`.
    public static func open(
        directory: String, rowsMax: Int = RecordSpool.rowsMaxDefault
    ) throws(RecordError) -> RecordSpool {
        precondition(rowsMax > 0, "a spool holds at least one row")
        var spool = RecordSpool(try SpoolFile(directory + RecordSpool.name), directory: directory, rowsMax: rowsMax)
        try spool.load()
        return spool
    }

    private init(_ file: consuming SpoolFile, directory: String, rowsMax: Int) {
        self.file = file
        self.directory = directory
        self.rowsMax = rowsMax
        path = directory + RecordSpool.name
    }

    /// How many rows wait.
    public var count: Int { entries.count }

    /// Adds a row behind the others; the oldest goes when there are too many. The number that went: 0 or 1.
    ///
    /// Throws `spoolFailed` when the disk refuses; then the spool is as it was.
    public mutating func append(_ row: SystemHealthRow) throws(RecordError) -> Int {
        let line = SpoolLine.row(sequence: lastSequence + 1, json: row.json.text).bytes
        let offset = size
        try write(line)
        lastSequence += 1
        entries.append(Entry(sequence: lastSequence, offset: offset, length: line.count - 1))
        guard entries.count > rowsMax, let oldest = entries.first else { return 0 }
        try acknowledge(through: oldest.sequence)
        return 1
    }

    /// The oldest rows that wait, `limit` at most. A row whose line has been damaged since is left out.
    mutating func first(_ limit: Int) throws(RecordError) -> [Row] {
        var rows: [Row] = []
        for entry in entries.prefix(limit) {
            switch SpoolLine(try file.read(at: entry.offset, count: entry.length)) {
            case .row(let sequence, let json) where sequence == entry.sequence: rows.append(Row(sequence: sequence, json: json))
            case .row, .acknowledged, nil: damagedLines += 1
            }
        }
        if rows.isEmpty, let last = entries.prefix(limit).last {
            // All of them are lost: without this the rows behind them would never be reached.
            try acknowledge(through: last.sequence)
            return entries.isEmpty ? [] : try first(limit)
        }
        return rows
    }

    /// Lets go of every row up to this sequence. Throws `spoolFailed`; then they stay and will be sent again.
    mutating func acknowledge(through sequence: UInt64) throws(RecordError) {
        let kept = entries.drop { $0.sequence <= sequence }
        if kept.isEmpty {
            try file.truncate(to: 0)
            size = 0
        } else {
            try write(SpoolLine.acknowledged(through: sequence).bytes)
        }
        entries = Array(kept)
        let live = entries.reduce(Int64(0)) { $0 + Int64($1.length) + 1 }
        if size - live > RecordSpool.historyBytesMax, size - live > live { try rewrite() }
    }

    /// Appends a line or leaves the file as it was: what a failed write has left there is cut off.
    private mutating func write(_ line: [UInt8]) throws(RecordError) {
        do {
            try file.write(line, at: size)
        } catch {
            try file.truncate(to: size)
            throw error
        }
        size += Int64(line.count)
    }

    /// Writes the rows that wait into a new file and puts it in the place of the old one.
    private mutating func rewrite() throws(RecordError) {
        let fresh = path + ".new"
        let target = try SpoolFile(fresh, truncating: true)
        var moved: [Entry] = []
        var offset: Int64 = 0
        var bytes: [UInt8] = []
        for entry in entries {
            moved.append(Entry(sequence: entry.sequence, offset: offset + Int64(bytes.count), length: entry.length))
            bytes += try file.read(at: entry.offset, count: entry.length)
            bytes.append(UInt8(ascii: "\n"))
            // Every write waits for the disk: one for many rows.
            if bytes.count > RecordSpool.historyBytesMax || moved.count == entries.count {
                try target.write(bytes, at: offset)
                offset += Int64(bytes.count)
                bytes.removeAll(keepingCapacity: true)
            }
        }
        try replaceFile(fresh, path, in: directory)
        file = target
        entries = moved
        size = offset
    }

    /// Reads the file once, a piece at a time, and cuts a torn tail off.
    private mutating func load() throws(RecordError) {
        let pieceBytes = 1 << 16
        var line: [UInt8] = []
        var lineStart: Int64 = 0
        var position: Int64 = 0
        while true {
            let piece = try file.read(at: position, count: pieceBytes)
            for byte in piece {
                position += 1
                if byte != UInt8(ascii: "\n") {
                    if line.count <= RecordSpool.lineBytesMax { line.append(byte) }
                    continue
                }
                take(line, at: lineStart)
                line.removeAll(keepingCapacity: true)
                lineStart = position
            }
            if piece.count < pieceBytes { break }
        }
        if lineStart < position {
            damagedLines += 1
            try file.truncate(to: lineStart)
        }
        size = lineStart
    }

    private mutating func take(_ line: [UInt8], at offset: Int64) {
        switch SpoolLine(line) {
        case .row(let sequence, _) where sequence > lastSequence:
            lastSequence = sequence
            entries.append(Entry(sequence: sequence, offset: offset, length: line.count))
        case .acknowledged(let sequence):
            entries = Array(entries.drop { $0.sequence <= sequence })
            lastSequence = max(lastSequence, sequence)
        case .row, nil: damagedLines += 1
        }
    }
}
