import Demo
import Glibc

/// `check rules` and `test rules` beside promtool's, on a file of 10,000 rules.
struct RuleTools {
    private static let ruleCount = 10_000
    private static let runs = 5

    /// What one run of a program cost.
    struct Cost {
        let cpuSeconds: Double
        let residentMiB: Double
    }

    let executable: String
    let folder: String

    func run() throws {
        let rules = folder + "/rules_large.yml"
        try write(RuleWorkload.rules(Self.ruleCount, groupSize: 100), to: rules)
        let promtool = try Programs.path(of: "promtool")
        print(
            "\n"
                + columns(
                    "\(Self.ruleCount) rules", ["vitals CPU s", "promtool CPU s", "CPU ratio", "vitals MiB", "promtool MiB"]))
        try compare("check rules", promtool, ["check", "rules", rules])
        for rounds in [1, 10] {
            let test = folder + "/test-\(rounds).yml"
            try write(RuleWorkload.unitTest(ruleFile: rules, rounds: rounds), to: test)
            try compare("test rules, \(rounds) rounds", promtool, ["test", "rules", test])
        }
    }

    private func compare(_ name: String, _ promtool: String, _ arguments: [String]) throws {
        let (ours, theirs) = (try median(executable, arguments), try median(promtool, arguments))
        print(
            columns(
                name,
                [ours.cpuSeconds, theirs.cpuSeconds, ours.cpuSeconds / theirs.cpuSeconds, ours.residentMiB, theirs.residentMiB]
                    .map(
                        fixed)))
    }

    private func median(_ program: String, _ arguments: [String]) throws -> Cost {
        let costs = try (0..<Self.runs).map { _ in try cost(program, arguments) }
        func middle(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
        return Cost(cpuSeconds: middle(costs.map(\.cpuSeconds)), residentMiB: middle(costs.map(\.residentMiB)))
    }

    private func cost(_ program: String, _ arguments: [String]) throws -> Cost {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var pid: pid_t = 0
        guard posix_spawn(&pid, program, &actions, nil, &words, environ) == 0 else {
            throw BenchmarkError("cannot start \(program)")
        }
        var status: Int32 = 0
        var usage = rusage()
        while wait4(pid, &status, 0, &usage) < 0 {
            guard errno == EINTR else { throw BenchmarkError("\(program) is lost") }
        }
        guard status == 0 else {
            throw BenchmarkError("\(program) \(arguments.joined(separator: " ")) ended with status \(status >> 8)")
        }
        let seconds = [usage.ru_utime, usage.ru_stime].reduce(0.0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
        return Cost(cpuSeconds: seconds, residentMiB: Double(usage.ru_maxrss) / 1024)
    }
}
