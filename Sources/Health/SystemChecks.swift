#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Space on the file system that holds a path.
public struct DiskSpace: Sendable, Equatable {
    /// Free for a process without privileges, in bytes.
    public let freeBytes: UInt64
    public let totalBytes: UInt64

    public var freeRatio: Double { totalBytes == 0 ? 0 : Double(freeBytes) / Double(totalBytes) }
}

/// The memory of this process and of the machine, in bytes.
public struct MemoryUse: Sendable, Equatable {
    public let residentBytes: UInt64
    /// What the kernel reckons can be had without swapping (`MemAvailable`).
    public let availableBytes: UInt64
    public let totalBytes: UInt64
}

/// The operating system would not say.
public struct SystemCheckError: Error, Sendable, CustomStringConvertible {
    public let description: String
}

/// Asks statvfs(3).
public func diskSpace(at path: String) throws(SystemCheckError) -> DiskSpace {
    var answer = statvfs()
    guard statvfs(path, &answer) == 0 else {
        throw SystemCheckError(description: "statvfs \(path): \(String(cString: strerror(errno)))")
    }
    let unit = UInt64(answer.f_frsize)
    let (free, freeOverflows) = UInt64(answer.f_bavail).multipliedReportingOverflow(by: unit)
    let (total, totalOverflows) = UInt64(answer.f_blocks).multipliedReportingOverflow(by: unit)
    return DiskSpace(freeBytes: freeOverflows ? .max : free, totalBytes: totalOverflows ? .max : total)
}

/// Reads `/proc/self/statm` and `/proc/meminfo` (proc(5)).
public func memoryUse() throws(SystemCheckError) -> MemoryUse {
    let pages = try smallFile("/proc/self/statm").split(separator: " ")
    guard pages.count > 1, let resident = UInt64(pages[1]) else {
        throw SystemCheckError(description: "/proc/self/statm: unexpected content")
    }
    var fields: [Substring: UInt64] = [:]
    for line in try smallFile("/proc/meminfo").split(separator: "\n") {
        let parts = line.split(whereSeparator: { $0 == ":" || $0 == " " })
        if parts.count > 1, let kibibytes = UInt64(parts[1]) { fields[parts[0]] = kibibytes &* 1024 }
    }
    guard let total = fields["MemTotal"], let available = fields["MemAvailable"] else {
        throw SystemCheckError(description: "/proc/meminfo: no MemTotal or MemAvailable")
    }
    return MemoryUse(
        residentBytes: resident &* UInt64(max(1, sysconf(Int32(_SC_PAGESIZE)))), availableBytes: available, totalBytes: total)
}

/// The number of threads of this process, from `/proc/self/stat` field 20.
public func threadCount() throws(SystemCheckError) -> Int {
    let text = try smallFile("/proc/self/stat")
    // The command, field 2, is in brackets and may hold spaces: count from the last bracket.
    guard let bracket = text.lastIndex(of: ")") else {
        throw SystemCheckError(description: "/proc/self/stat: unexpected content")
    }
    let fields = text[text.index(after: bracket)...].split(separator: " ")
    guard fields.count > 17, let threads = Int(fields[17]) else {
        throw SystemCheckError(description: "/proc/self/stat: unexpected content")
    }
    return threads
}

/// The first 64 KiB of a file.
private func smallFile(_ path: String) throws(SystemCheckError) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
        throw SystemCheckError(description: "\(path): \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 65_536)
    var length = 0
    while length < bytes.count {
        let count = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress.map { $0 + length }, $0.count - length) }
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw SystemCheckError(description: "\(path): \(String(cString: strerror(errno)))") }
        if count == 0 { break }
        length += count
    }
    return String(decoding: bytes[..<length], as: UTF8.self)
}

extension HealthCheck {
    /// Degraded when less than `minimumFreeRatio` of the file system is free, unhealthy below a fifth of that.
    public static func diskSpace(
        _ name: String = "storage", at path: String, minimumFreeRatio: Double = 0.05, timeout: Duration = defaultTimeout
    ) -> HealthCheck {
        HealthCheck(name, timeout: timeout) {
            let space = try Health.diskSpace(at: path)
            let text = "\(percent(space.freeRatio)) free"
            if space.freeRatio < minimumFreeRatio / 5 { return .unhealthy(message: text) }
            if space.freeRatio < minimumFreeRatio { return .degraded(message: text) }
            return .healthy()
        }
    }

    /// Degraded when this process holds more than `maximumResidentBytes` (nil: no limit) or the machine has less than `minimumAvailableRatio`.
    public static func memory(
        _ name: String = "memory", maximumResidentBytes: UInt64? = nil, minimumAvailableRatio: Double = 0.02,
        timeout: Duration = defaultTimeout
    ) -> HealthCheck {
        HealthCheck(name, timeout: timeout) {
            let use = try memoryUse()
            if let limit = maximumResidentBytes, use.residentBytes > limit {
                return .degraded(message: "\(use.residentBytes) bytes resident, limit \(limit)")
            }
            let ratio = use.totalBytes == 0 ? 1 : Double(use.availableBytes) / Double(use.totalBytes)
            if ratio < minimumAvailableRatio { return .degraded(message: "\(percent(ratio)) of the machine's memory available") }
            return .healthy()
        }
    }

    /// Degraded when `count` (running tasks, threads: what the caller counts) is above `limit`.
    public static func taskCount(
        _ name: String = "tasks", limit: Int, timeout: Duration = defaultTimeout,
        count: @escaping @Sendable () async throws -> Int = { try threadCount() }
    ) -> HealthCheck {
        HealthCheck(name, timeout: timeout) {
            let found = try await count()
            return found > limit ? .degraded(message: "\(found) running, limit \(limit)") : .healthy()
        }
    }
}

private func percent(_ ratio: Double) -> String {
    "\((ratio * 1000).rounded() / 10) %"
}
