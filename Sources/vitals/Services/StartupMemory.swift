import Glibc
import Logging

/// The pages of the program that only starting needed: reading the configuration and the rules, setting up TLS, connecting.
enum StartupMemory {
    /// Takes the executable's text out of resident memory (madvise(2), `MADV_DONTNEED`): what runs again comes back from the page
    /// cache, what ran only once does not. Nothing is lost, since the mapping is a read-only file.
    static func release(_ logger: Logger) {
        let maps: String
        let path: String
        do {
            maps = try readFile("/proc/self/maps")
            path = try executablePath()
        } catch {
            logger.debug("the start's memory is kept", metadata: ["err": "\(error)"])
            return
        }
        for range in textRanges(in: maps, of: path) {
            guard let start = UnsafeMutableRawPointer(bitPattern: range.lowerBound) else { continue }
            if madvise(start, Int(range.upperBound - range.lowerBound), MADV_DONTNEED) != 0 {
                logger.debug("the start's memory is kept", metadata: ["err": "\(String(cString: strerror(errno)))"])
            }
        }
    }

    /// The address ranges of `/proc/PID/maps` (proc(5)) that hold the code of the file at `path`.
    static func textRanges(in maps: String, of path: String) -> [Range<UInt>] {
        maps.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
            guard fields.count == 6, fields[1] == "r-xp", fields[5].drop(while: { $0 == " " }) == path else { return nil }
            let bounds = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
            guard bounds.count == 2, bounds[0] < bounds[1] else { return nil }
            return bounds[0]..<bounds[1]
        }
    }

    private static func executablePath() throws -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        guard count > 0 else { throw Findings(all: [Finding("/proc/self/exe", String(cString: strerror(errno)))]) }
        return String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
