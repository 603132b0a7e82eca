import Glibc
import Sampling
import YAML

/// The collectors of the user's files, read and found valid.
struct CollectorFiles: Sendable {
    private let collectors: [String: [CustomCollector]]
    /// What is odd but usable.
    let warnings: [String]

    /// None.
    init() {
        collectors = [:]
        warnings = []
    }

    /// Reads what the Postgres targets name. Throws every finding of every file at once.
    init(_ configuration: Configuration) throws(Findings) {
        var reading = Reading()
        var collectors: [String: [CustomCollector]] = [:]
        for target in configuration.targets where target.kind == .postgres {
            collectors[target.name] = reading.collectors(of: configuration.collectorFiles + target.postgres.collectorFiles)
        }
        guard reading.findings.isEmpty else { throw Findings(all: reading.findings) }
        self.collectors = collectors
        warnings = reading.warnings
    }

    func of(_ target: String) -> [CustomCollector] { collectors[target] ?? [] }

    /// All names by which they can be switched.
    var names: Set<String> { Set(collectors.values.joined().map(\.name)) }
}

/// Each file is read once, whoever names it.
private struct Reading {
    private var files: [String: [CustomCollector]] = [:]
    private(set) var findings: [Finding] = []
    private(set) var warnings: [String] = []

    /// Of two collectors of one name the later takes the place of the earlier, as in pg_exporter's folder.
    mutating func collectors(of patterns: [FilePattern]) -> [CustomCollector] {
        var all: [CustomCollector] = []
        for path in paths(patterns) {
            for collector in file(path) {
                if let place = all.firstIndex(where: { $0.branch == collector.branch }) {
                    let earlier = all[place]
                    warn(
                        "\(collector.file):\(collector.line): the collector '\(collector.branch)' takes the place of that in "
                            + "\(earlier.file):\(earlier.line)")
                    all.remove(at: place)
                }
                all.append(collector)
            }
        }
        return all
    }

    private mutating func warn(_ message: String) {
        if !warnings.contains(message) { warnings.append(message) }
    }

    private mutating func file(_ path: String) -> [CustomCollector] {
        if let known = files[path] { return known }
        let report = YAMLReport(file: path)
        var read: [CustomCollector] = []
        do {
            let file = CollectorFile(try readBytes(path), report)
            read = file.collectors
            warnings += file.warnings.map { "\($0.file):\($0.line):\($0.column): \($0.message)" }
        } catch {
            findings.append(Finding(path, "\(error)"))
        }
        findings += report.findings.sorted().map { Finding($0.file, line: $0.line, column: $0.column, $0.message) }
        files[path] = read
        return read
    }

    /// A glob may match nothing; a plain path that is not there is a mistake. Of a folder the YAML files are meant.
    private mutating func paths(_ patterns: [FilePattern]) -> [String] {
        var paths: [String] = []
        for pattern in patterns {
            var found = globbed(pattern.path)
            if found.isEmpty {
                if pattern.text.contains(where: { "*?[".contains($0) }) {
                    warn("collector_files: \(pattern.text) matches no file")
                } else if !findings.contains(where: { $0.place == pattern.text }) {
                    findings.append(Finding(pattern.text, "there is no such file of collectors"))
                }
            }
            found = found.flatMap { path in
                isFolder(path) ? (globbed(path + "/*.yml") + globbed(path + "/*.yaml")).sorted() : [path]
            }
            for path in found where !paths.contains(path) { paths.append(path) }
        }
        return paths
    }

    private func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
