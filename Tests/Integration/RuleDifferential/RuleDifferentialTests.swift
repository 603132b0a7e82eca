import Demo
import FoundationEssentials
import Glibc
import Support
import Testing

/// `vitals test rules` beside the real promtool on made rule files, series and tests: every failure that one prints, the other prints.
///
/// `VITALS_DIFFERENTIAL_ROUNDS` says how many cases (40 without it), `VITALS_DIFFERENTIAL_SEED` where they begin, `PROMTOOL` which
/// promtool; without it the system's.
@Suite("promtool and vitals test rules")
struct RuleDifferentialTests {
    private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    private static let casesPerRun = 20

    @Test("Both find the same in every case")
    func agree() async throws {
        let rounds = Self.variable("VITALS_DIFFERENTIAL_ROUNDS").flatMap { UInt64($0) } ?? 40
        let first = Self.variable("VITALS_DIFFERENTIAL_SEED").flatMap { UInt64($0) } ?? 1
        let directory = try TemporaryDirectory()
        var compared = 0
        for start in stride(from: first, to: first + rounds, by: Self.casesPerRun) {
            let seeds = Array(start..<min(start + UInt64(Self.casesPerRun), first + rounds))
            for seed in seeds { try write(RuleCase(seed: seed), seed, to: directory) }
            let (theirs, ours) = try await run(seeds, in: directory)
            compared += theirs.failures
            guard theirs != ours else { continue }
            for seed in seeds {
                let (theirs, ours) = try await run([seed], in: directory)
                #expect(theirs == ours, "seed \(seed)")
            }
        }
        // Cases in which nothing fires would agree about nothing.
        #expect(compared > Int(rounds))
        print("\(rounds) cases from seed \(first): \(compared) findings compared")
    }

    /// What a program printed to each stream, without what names the files, and how it ended.
    private struct Outcome: Equatable {
        let code: Int32
        let output: String
        let errors: String

        var failures: Int { errors.split(separator: "\n").count { $0.contains("got:") || $0.contains("err:") } }
    }

    private func run(_ seeds: [UInt64], in directory: TemporaryDirectory) async throws -> (theirs: Outcome, ours: Outcome) {
        let promtool = try Self.variable("PROMTOOL") ?? Programs.path(of: "promtool")
        let files = seeds.map { "\($0)/tests.yml" }
        return (
            try await outcome(promtool, ["test", "rules"] + files, directory),
            try await outcome(try executable(), ["test", "rules"] + files, directory)
        )
    }

    private func outcome(_ program: String, _ arguments: [String], _ directory: TemporaryDirectory) async throws -> Outcome {
        let command = "cd '\(directory.path)' && '\(program)' \(arguments.joined(separator: " ")) > output 2> errors"
        let process = try await ChildProcess(
            ChildProcess.Command("/bin/sh", ["-c", command], log: directory.path("log"), directory: directory.path))
        let code = await process.waitForExit()
        return Outcome(
            code: code, output: comparable(try directory.read("output")), errors: comparable(try directory.read("errors")))
    }

    /// promtool 3 does not name the file, and 2.42 does not say which samples are in each other's way.
    private func comparable(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).compactMap { line -> String? in
            if line.hasPrefix("Unit Testing:") { return nil }
            guard let place = line.firstRange(of: "duplicate sample for timestamp") else { return String(line) }
            return String(line[..<place.upperBound])
        }.joined(separator: "\n")
    }

    private func write(_ one: RuleCase, _ seed: UInt64, to directory: TemporaryDirectory) throws {
        try FileManager.default.createDirectory(atPath: directory.path("\(seed)"), withIntermediateDirectories: true)
        _ = try directory.write("\(seed)/rules.yml", one.rules)
        _ = try directory.write("\(seed)/tests.yml", one.tests)
    }
}
