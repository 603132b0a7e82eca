import Glibc
import MetricsModel
import Synchronization

extension SampleStore {
    /// The series that are kept in `directory`, read into memory as they are now. The directory stays as it is, and another process
    /// may be using it: what that one appends later is not seen. Throws when there is no such directory or it cannot be read.
    public static func read(directory: String) throws(SampleStoreError) -> (store: SampleStore, report: LoadReport) {
        guard unsafe access(directory, R_OK | X_OK) == 0 else { throw StoreFile.failure("read", directory) }
        // Nothing is dropped for its age or for its size: what is on the disk was in another process's memory.
        let limits = StoreLimits(
            retention: .seconds(Int64.max / 4_000), seriesMax: .max, bytesMax: .max / 2, logBytesMax: .max / 2)
        var attempt = 0
        while true {
            let before = stamp(of: directory)
            let store = SampleStore(limits: limits)
            let report = try store.state.withLock { (state) throws(SampleStoreError) in try state.load(directory).0 }
            attempt += 1
            // A checkpoint in the middle moves samples from the log into the snapshot, where they have been looked for already.
            if stamp(of: directory) == before || attempt == readAttemptsMax { return (store, report) }
        }
    }

    /// The time of the oldest sample (milliseconds since the epoch); nil while the store is empty. Looks at every series.
    public var oldestTimestamp: Int64? {
        state.withLock { state in state.slots.lazy.compactMap(\.firstTimestamp).min() }
    }

    /// A checkpoint comes every few minutes and is over in seconds.
    private static let readAttemptsMax = 5

    private static func stamp(of directory: String) -> [Int] {
        var status = stat()
        guard unsafe stat("\(directory)/\(Snapshot.fileName)", &status) == 0 else { return [] }
        return [Int(status.st_ino), Int(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
    }
}
