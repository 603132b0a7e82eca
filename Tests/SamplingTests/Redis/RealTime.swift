import Glibc

/// One reading of the wall clock, beside the monotonic one.
let origin: (ContinuousClock.Instant, Int64) = {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return (.now, Int64(now.tv_sec) * 1_000 + Int64(now.tv_nsec) / 1_000_000)
}()

/// A whole small file.
func readAll(_ path: String) throws -> String {
    guard let file = fopen(path, "r") else { throw FileError() }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    while case let byte = fgetc(file), byte != EOF { bytes.append(UInt8(truncatingIfNeeded: byte)) }
    return String(decoding: bytes, as: UTF8.self)
}

struct FileError: Error {}
