private import Glibc

/// What the kernel says of this process, under the names every Prometheus client uses. Source: proc(5), getrlimit(2).
public enum ProcessMetrics {
    private static let cpu = Family(
        "process_cpu_seconds_total", .counter, help: "Total user and system CPU time spent in seconds (/proc/self/stat).")
    private static let resident = Family(
        "process_resident_memory_bytes", .gauge, help: "Resident memory size in bytes (/proc/self/stat).")
    private static let virtual = Family(
        "process_virtual_memory_bytes", .gauge, help: "Virtual memory size in bytes (/proc/self/stat).")
    private static let openDescriptors = Family(
        "process_open_fds", .gauge, help: "Number of open file descriptors (/proc/self/fd).")
    private static let maxDescriptors = Family(
        "process_max_fds", .gauge, help: "Maximum number of open file descriptors (RLIMIT_NOFILE).")
    private static let startTime = Family(
        "process_start_time_seconds", .gauge,
        help: "Start time of the process since the Unix epoch in seconds (/proc/self/stat, /proc/stat).")
    private static let threads = Family(
        "process_threads", .gauge, help: "Number of threads of the process (/proc/self/stat).")

    /// The boot time, in seconds since the epoch. Read once: the kernel derives it from the clock anew at every read, and a start
    /// time that jitters would look like restarts.
    private static let bootTime: Double? = {
        guard let text = contents("/proc/stat") else { return nil }
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("btime ") }) else { return nil }
        return Double(line.dropFirst("btime ".count))
    }()

    /// Adds the `process_*` families. What cannot be read is absent.
    public static func add(to sample: inout SampleBuilder) {
        if let text = contents("/proc/self/stat"), let end = text.lastIndex(of: ")") {
            // The command may hold spaces and parentheses; the third field comes after its last one.
            let fields = text[text.index(after: end)...].split(separator: " ")
            func field(_ number: Int) -> Double? {
                fields.indices.contains(number - 3) ? Double(fields[number - 3]) : nil
            }
            let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
            if let user = field(14), let system = field(15) { sample.add(cpu, (user + system) / ticks) }
            sample.add(threads, [], field(20))
            if let bootTime, let started = field(22) { sample.add(startTime, bootTime + started / ticks) }
            sample.add(virtual, [], field(23))
            sample.add(resident, [], field(24).map { $0 * Double(sysconf(Int32(_SC_PAGESIZE))) })
        }
        sample.add(openDescriptors, [], openDescriptorCount())
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            sample.add(maxDescriptors, Double(limit.rlim_cur))
        }
    }

    private static func openDescriptorCount() -> Double? {
        guard let directory = opendir("/proc/self/fd") else { return nil }
        defer { closedir(directory) }
        var entries = 0
        while readdir(directory) != nil { entries += 1 }
        // Without `.`, `..` and the descriptor that reads the directory.
        return Double(max(0, entries - 3))
    }

    /// The text of a file of /proc, which says nothing of its size beforehand.
    private static func contents(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        while true {
            let chunk = [UInt8](unsafeUninitializedCapacity: 16_384) { buffer, count in
                count = max(0, read(descriptor, buffer.baseAddress, buffer.count))
            }
            if chunk.isEmpty { return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self) }
            bytes += chunk
        }
    }
}
