import Alerting
import ArgumentParser
import Glibc
import PromQL

/// What the commands about rule files have in common with promtool's.
struct RuleToolOptions: ParsableArguments {
    @Flag(help: "Pass over fields that are not known.")
    var ignoreUnknownFields = false

    @Option(
        name: .customLong("enable-feature"),
        help: "Features of PromQL to enable, separated by commas, as Prometheus names them. May be repeated.")
    var features: [String] = []

    var unknownFields: UnknownFields { ignoreUnknownFields ? .ignored : .refused }

    /// The features, after a word about names that do nothing.
    func readFeatures() -> PromQLFeatures {
        let request = PromQLFeatures.request(features)
        for warning in request.warnings { complain("  WARNING: \(warning)") }
        return request.features
    }
}

/// Prints a tool's report: each stream in order, and both in order where they are the same terminal.
func printReport(_ stream: ReportStream, _ text: String) {
    let bytes = Array(text.utf8)
    var written = 0
    while written < bytes.count {
        let count = bytes[written...].withUnsafeBytes {
            write(stream == .standardOutput ? STDOUT_FILENO : STDERR_FILENO, $0.baseAddress, $0.count)
        }
        if count < 0, errno == EINTR { continue }
        // A closed stream has no remedy.
        guard count > 0 else { return }
        written += count
    }
}

/// The paths that match a pattern, sorted. A name with wildcards in it that is there is itself.
func globbed(_ pattern: String) -> [String] {
    if access(pattern, F_OK) == 0 { return [pattern] }
    var found = glob_t()
    defer { globfree(&found) }
    guard glob(pattern, GLOB_TILDE, nil, &found) == 0 else { return [] }
    return (0..<Int(found.gl_pathc)).compactMap { place in found.gl_pathv[place].map { String(cString: $0) } }
}

/// The files that arguments name, globs expanded. Throws for every one that is not there.
func existingFiles(_ arguments: [String]) throws(Findings) -> [String] {
    var files: [String] = []
    var missing: [Finding] = []
    for argument in arguments {
        let found = globbed(argument)
        if found.isEmpty { missing.append(Finding(argument, "path '\(argument)' does not exist")) }
        files += found
    }
    guard missing.isEmpty else { throw Findings(all: missing) }
    return files
}
