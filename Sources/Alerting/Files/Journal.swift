/// State whose changes are written to disk one by one and read back by repeating them.
protocol Journaled {
    associatedtype Change: Sendable

    /// Takes a change as it was written; for reading back.
    mutating func replay(_ change: Change)
    /// The fewest changes that lead from nothing to this state.
    var journal: [Change] { get }
    static func encode(_ change: Change) -> [UInt8]
    static func decode(_ record: ArraySlice<UInt8>) throws(ByteError) -> Change
}

/// A file of changes that is written anew when it has grown.
struct Journal<State: Journaled>: ~Copyable {
    /// Rewritten when larger than this and than a few times its shortest form.
    private static var rewriteSizeBytes: Int { 1 << 20 }

    private var file: AppendFile
    private var sizeWhenShort: Int

    /// Opens the journal and brings the state to where it was. A torn file costs its last record.
    static func open(_ path: String, state: inout State) throws(FileError) -> Journal {
        var records: [ArraySlice<UInt8>] = []
        var journal = Journal(file: try AppendFile(path, records: &records))
        for record in records {
            // A record with a right checksum that is no change was written by a later version; the others still count.
            guard let change = try? State.decode(record) else { continue }
            state.replay(change)
        }
        try journal.rewrite(state)
        return journal
    }

    private init(file: consuming AppendFile) {
        sizeWhenShort = file.size
        self.file = file
    }

    /// Appends changes that `state` has already made.
    mutating func append(_ changes: [State.Change], state: State) throws(FileError) {
        guard !changes.isEmpty else { return }
        try file.append(changes.map(State.encode))
        if file.size > max(Self.rewriteSizeBytes, 4 * sizeWhenShort) { try rewrite(state) }
    }

    /// Replaces the file by the shortest that leads to the same state.
    mutating func rewrite(_ state: State) throws(FileError) {
        var bytes: [UInt8] = []
        for change in state.journal { ChecksummedRecords.append(State.encode(change), to: &bytes) }
        let path = file.path
        try DurableFile.replace(path, with: bytes)
        var records: [ArraySlice<UInt8>] = []
        file = try AppendFile(path, records: &records)
        sizeWhenShort = file.size
    }
}

/// Keeps a state on disk as long as the disk lets it, and in memory in any case.
struct Keeper<State: Journaled>: ~Copyable {
    private let path: String?
    private let onFailure: @Sendable (String) -> Void
    private var journal: Journal<State>?
    private var isFailing = false

    /// Reads `state` back from the file at `path`; nil keeps nothing on disk.
    ///
    /// - Parameter onFailure: told once when the disk no longer takes changes, and why.
    init(_ path: String?, state: inout State, onFailure: @escaping @Sendable (String) -> Void) {
        self.path = path
        self.onFailure = onFailure
        guard let path else { return }
        do throws(FileError) {
            journal = try Journal.open(path, state: &state)
        } catch {
            isFailing = true
            onFailure(error.description)
        }
    }

    /// Writes changes that `state` has already made. Returns when they are on disk.
    ///
    /// - Parameter empty: a state like the one at the very start.
    mutating func keep(_ changes: [State.Change], of state: State, empty: @autoclosure () -> State) {
        guard let path, !changes.isEmpty else { return }
        do throws(FileError) {
            if isFailing {
                // What could not be written is in memory; the whole state is written anew.
                if journal == nil {
                    var scratch = empty()
                    journal = try Journal.open(path, state: &scratch)
                }
                try journal?.rewrite(state)
                isFailing = false
            } else {
                try journal?.append(changes, state: state)
            }
        } catch {
            if !isFailing { onFailure(error.description) }
            isFailing = true
        }
    }

    /// Removes the file: nothing is kept any more.
    mutating func discard() {
        guard let path else { return }
        journal = nil
        do throws(FileError) {
            try DurableFile.remove(path)
        } catch {
            onFailure(error.description)
        }
    }
}
