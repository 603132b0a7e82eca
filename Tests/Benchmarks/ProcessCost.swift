import FoundationEssentials
import Glibc

/// What a process and its children have cost so far, from proc(5).
struct ProcessCost {
    /// User and system time of the process, its living descendants and the ended ones it has waited for, in seconds.
    let cpuSeconds: Double
    /// Resident memory of the process alone, in bytes.
    let residentBytes: Int

    init(pid: Int32, withDescendants: Bool = false) {
        let all = withDescendants ? [pid] + Self.descendants(of: pid) : [pid]
        let ticks = all.reduce(0) { $0 + Self.ticks(of: $1, withWaitedFor: withDescendants) }
        cpuSeconds = Double(ticks) / Double(sysconf(Int32(_SC_CLK_TCK)))
        let pages = Self.text("/proc/\(pid)/statm").split(separator: " ")
        residentBytes = (pages.count > 1 ? Int(pages[1]) ?? 0 : 0) * sysconf(Int32(_SC_PAGESIZE))
    }

    private static func ticks(of pid: Int32, withWaitedFor: Bool) -> Int {
        let fields = fields(of: pid)
        let wanted = withWaitedFor ? 11...14 : 11...12
        return wanted.reduce(0) { $0 + ($1 < fields.count ? Int(fields[$1]) ?? 0 : 0) }
    }

    /// The fields of `/proc/PID/stat` from the third on: the second is a name that may hold anything.
    private static func fields(of pid: Int32) -> [Substring] {
        let text = text("/proc/\(pid)/stat")
        guard let end = text.lastIndex(of: ")") else { return [] }
        return text[text.index(after: end)...].split(separator: " ")
    }

    private static func descendants(of root: Int32) -> [Int32] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        let parents = entries.compactMap { Int32($0) }.map { pid in
            (pid: pid, parent: fields(of: pid).dropFirst().first.flatMap { Int32($0) } ?? 0)
        }
        var found: [Int32] = []
        var next = [root]
        while let pid = next.popLast() {
            let own = parents.filter { $0.parent == pid }.map(\.pid)
            found += own
            next += own
        }
        return found
    }

    /// A process that has ended has no files: then it has cost nothing more.
    private static func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
}
