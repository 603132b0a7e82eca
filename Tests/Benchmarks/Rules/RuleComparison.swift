import Demo
import FoundationEssentials
import Glibc

/// Rule evaluation beside Debian's Prometheus: the same samples, one a second of each series, pushed to both, and the same rules.
/// What taking the samples costs is measured before and after, without rules, and the mean of it taken off.
struct RuleComparison {
    /// Long enough for four rounds of every group.
    private static let measuredSeconds = 60
    /// Every group has been evaluated once, and is measured from then on.
    private static let settlingSeconds = 20
    /// Samples travel together: taking them costs little beside what is measured.
    private static let pushedSeconds = 5
    /// More than the rules' five minutes.
    private static let historySeconds = 330

    struct Row {
        let series: Int
        let rules: Int
        /// CPU milliseconds of one evaluation of every group.
        let cpu: [String: Double]
        let residentMiB: [String: Double]
    }

    let executable: String
    let folder: String

    func run() async throws -> [Row] {
        var rows: [Row] = []
        for scale in [1, 10] { rows += try await run(RuleWorkload(scale: scale)) }
        return rows
    }

    private func run(_ workload: RuleWorkload) async throws -> [Row] {
        let place = folder + "/rules-\(workload.series.count)"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        let redis = try await PrivateRedis.start(PrivateRedis.Options(directory: place + "/redis"))
        let rules = place + "/rules.yml"
        try write("groups: []\n", to: rules)
        let vitals = try await startVitals(in: place, rules: rules, redis: redis.url)
        let prometheus = try await startPrometheus(in: place, rules: rules)
        let subjects = [("vitals", vitals.process), ("prometheus", prometheus.process)]
        let writer = RemoteWriter(ports: [vitals.port, prometheus.port])

        var second = Int(time(nil))
        say("\(workload.series.count) series: writing \(Self.historySeconds) seconds of history …")
        try writer.send(workload.series, seconds: second - Self.historySeconds...second)

        /// Writes what has become due, for so many seconds.
        func live(_ seconds: Int) async throws {
            let end = second + seconds
            while second < end {
                let now = Int(time(nil))
                if now >= second + Self.pushedSeconds {
                    try writer.send(workload.series, seconds: second + 1...now)
                    second = now
                }
                try await Task.sleep(for: .milliseconds(100))
            }
        }

        /// CPU seconds of each.
        func cost(_ what: String, rules count: Int) async throws -> [String: Double] {
            try write(RuleWorkload.rules(count), to: rules)
            for (_, process) in subjects { kill(process.pid, SIGHUP) }
            try await live(Self.settlingSeconds)
            say("\(workload.series.count) series: \(what) …")
            let before = subjects.map { ProcessCost(pid: $0.1.pid).cpuSeconds }
            try await live(Self.measuredSeconds)
            return Dictionary(
                uniqueKeysWithValues: zip(subjects, before).map { subject, before in
                    (subject.0, ProcessCost(pid: subject.1.pid).cpuSeconds - before)
                })
        }

        func resident() -> [String: Double] {
            Dictionary(
                uniqueKeysWithValues: subjects.map { ($0.0, Double(ProcessCost(pid: $0.1.pid).residentBytes) / 1_048_576) })
        }

        let idleBefore = try await cost("taking samples without rules", rules: 0)
        var busy: [(rules: Int, cpu: [String: Double], residentMiB: [String: Double])] = []
        for count in [100, 1_000] {
            let cpu = try await cost("\(count) rules", rules: count)
            busy.append((count, cpu, resident()))
        }
        let idleAfter = try await cost("taking samples without rules", rules: 0)
        let idle = idleBefore.merging(idleAfter) { ($0 + $1) / 2 }
        let rounds = Double(Self.measuredSeconds) / 15
        for (_, process) in subjects { await process.stop() }
        await redis.stop()
        return busy.map { rules, cpu, residentMiB in
            Row(
                series: workload.series.count, rules: rules,
                cpu: cpu.merging(idle) { busy, idle in (busy - idle) * 1_000 / rounds }, residentMiB: residentMiB)
        }
    }

    private func startVitals(in place: String, rules: String, redis: String) async throws -> (process: ChildProcess, port: Int) {
        let port = try freePort()
        let configuration = place + "/vitals.yml"
        try write(
            """
            targets:
              redis: [{name: cache, url: "\(redis)"}]
            rule_files: ["\(rules)"]

            """, to: configuration)
        let process = try await ChildProcess(
            ChildProcess.Command(
                executable,
                [
                    "serve", "--config.file", configuration, "--web.listen-address", "127.0.0.1:\(port)",
                    "--web.enable-remote-write-receiver", "--storage.path", place + "/vitals",
                ], log: place + "/vitals.log", directory: place))
        try await process.waitUntilReady { isListening(port: port) }
        return (process, port)
    }

    private func startPrometheus(in place: String, rules: String) async throws -> (process: ChildProcess, port: Int) {
        let port = try freePort()
        let configuration = place + "/prometheus.yml"
        try write("global: {evaluation_interval: 15s}\nrule_files: [\"\(rules)\"]\n", to: configuration)
        let process = try await ChildProcess(
            ChildProcess.Command(
                try Programs.path(of: "prometheus"),
                [
                    "--config.file=\(configuration)", "--web.listen-address=127.0.0.1:\(port)",
                    "--web.enable-remote-write-receiver",
                    "--storage.tsdb.path=\(place)/prometheus", "--storage.tsdb.retention.time=2h",
                ], log: place + "/prometheus.log", directory: place))
        try await process.waitUntilReady { isListening(port: port) }
        return (process, port)
    }

    static func report(_ rows: [Row]) {
        print("\n" + columns("", ["vitals ms", "prometheus ms", "CPU ratio", "vitals MiB", "prometheus MiB", "memory ratio"]))
        for row in rows {
            let (ours, theirs) = (row.cpu["vitals"] ?? .nan, row.cpu["prometheus"] ?? .nan)
            let (held, theirsHeld) = (row.residentMiB["vitals"] ?? .nan, row.residentMiB["prometheus"] ?? .nan)
            print(
                columns(
                    "\(row.series) series, \(row.rules) rules",
                    [ours, theirs, ours / theirs, held, theirsHeld, held / theirsHeld].map(fixed)))
        }
        print("CPU of one evaluation of all rules, what taking the samples costs taken off; resident memory with the rules.")
    }
}

func write(_ text: String, to path: String) throws {
    try Data(text.utf8).write(to: URL(filePath: path))
}
