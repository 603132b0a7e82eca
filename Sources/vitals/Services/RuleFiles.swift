import Alerting
import Glibc
import PromQL

/// Finds and reads rule files.
struct RuleFiles {
    let language: any RuleLanguage

    /// The files that these paths and globs name, in order, each once. Relative paths start at `folder`. Throws every error of every
    /// file at once; `warn` gets what is odd but usable.
    func read(_ patterns: [String], relativeTo folder: String, warn: (String) -> Void) throws(Findings) -> [RuleFile] {
        var findings: [Finding] = []
        var paths: [String] = []
        for pattern in patterns {
            let absolute = pattern.hasPrefix("/") || folder == "." ? pattern : folder + "/" + pattern
            let found = matches(of: absolute)
            // A glob may match nothing, as in Prometheus; a plain path that is not there is a mistake.
            if found.isEmpty, !pattern.contains(where: { "*?[".contains($0) }) {
                findings.append(Finding(pattern, "there is no such rule file"))
            } else if found.isEmpty {
                warn("rule_files: \(pattern) matches no file")
            }
            for path in found where !paths.contains(path) { paths.append(path) }
        }
        var files: [RuleFile] = []
        for path in paths {
            do {
                let read = RuleFile.read(try readFile(path).utf8, path: path, language: language)
                for finding in read.findings.sorted(by: { ($0.line, $0.column) < ($1.line, $1.column) }) {
                    if finding.severity == .warning {
                        warn(finding.description)
                    } else {
                        findings.append(Finding(rule: finding))
                    }
                }
                if let file = read.file { files.append(file) }
            } catch {
                findings.append(Finding(path, "\(error)"))
            }
        }
        guard findings.isEmpty else { throw Findings(all: findings) }
        return files
    }

    private func matches(of pattern: String) -> [String] {
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(pattern, GLOB_TILDE, nil, &found) == 0 else { return [] }
        return (0..<Int(found.gl_pathc)).compactMap { place in found.gl_pathv[place].map { String(cString: $0) } }
    }
}

extension Finding {
    init(rule finding: RuleFinding) {
        var message = finding.detailedMessage
        if let rule = finding.rule { message = "rule \(rule.number), \"\(rule.name)\": " + message }
        if let group = finding.group { message = "group \"\(group)\", " + message }
        self.init(finding.file, line: finding.line == 0 ? nil : finding.line, column: finding.column, message)
    }
}

/// The rules, runbooks and dashboards that come with Vitals: in the working folder, beside the executable's package, or where a package puts them.
enum ShippedFiles {
    static func alertsFolder() -> String? { folder("alerts", holding: "vitals.yml") }

    static func dashboardsFolder() -> String? { folder("dashboards", holding: "overview.json") }

    private static func folder(_ name: String, holding file: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let length = readlink("/proc/self/exe", &buffer, buffer.count)
        let executable = String(decoding: buffer.prefix(max(0, length)), as: UTF8.self)
        // PACKAGE/.build/x86_64-unknown-linux-gnu/release/vitals
        let package = executable.split(separator: "/").dropLast(4).reduce(into: "") { $0 += "/" + $1 }
        return [name, "\(package)/\(name)", "/usr/share/vitals/\(name)"].first { access("\($0)/\(file)", R_OK) == 0 }
    }

    /// The Markdown of an alert's runbook. The name comes from a URL: only an alert's own form is looked for.
    static func runbook(_ alert: String, in folder: String?) -> String? {
        guard let folder, !alert.isEmpty, alert.utf8.count <= 100, isMetricName(alert) else { return nil }
        do {
            return try readFile("\(folder)/runbooks/\(alert).md")
        } catch {
            return nil
        }
    }

    /// The JSON of a dashboard, by its file's name without `.json`.
    static func dashboard(_ name: String, in folder: String?) -> String? {
        guard let folder, name.utf8.count <= 100, isMetricName(name) else { return nil }
        do {
            return try readFile("\(folder)/\(name).json")
        } catch {
            return nil
        }
    }
}
