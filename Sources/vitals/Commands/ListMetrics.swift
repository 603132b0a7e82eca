import ArgumentParser
import AsyncHTTPClient
import NIOCore
import Sampling

struct ListMetrics: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics", abstract: "Print the families that a running Vitals exposes as a Markdown table.")

    @Argument(help: "The address of its metrics.")
    var url = "http://127.0.0.1:9876/metrics"

    @Flag(help: "Print instead where it says something else than postgres_exporter, and why.")
    var differences = false

    func run() async throws {
        if differences {
            print(ExporterDifference.markdown)
            return
        }
        let text: String
        do {
            let response = try await HTTPClient.shared.execute(HTTPClientRequest(url: url), timeout: .seconds(15))
            text = String(buffer: try await response.body.collect(upTo: 64 << 20))
        } catch {
            throw Findings(all: [Finding(url, "no metrics: \(error)")])
        }
        print(MetricsTable(exposition: text).markdown)
    }
}

/// The families of an exposition with their labels.
struct MetricsTable {
    private struct Row {
        var type = "untyped"
        var help = ""
        var labels: Set<String> = []
    }

    private var rows: [String: Row] = [:]

    /// Reads the text format 0.0.4.
    init(exposition: String) {
        for line in exposition.split(separator: "\n") {
            if line.hasPrefix("# ") {
                let words = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
                guard words.count == 4 else { continue }
                if words[1] == "HELP" { rows[String(words[2]), default: Row()].help = String(words[3]) }
                if words[1] == "TYPE" { rows[String(words[2]), default: Row()].type = String(words[3]) }
            } else if let brace = line.firstIndex(of: "{"), let end = line.lastIndex(of: "}") {
                let name = family(of: String(line[..<brace]))
                for part in line[line.index(after: brace)..<end].split(separator: "\",") {
                    let label = part.prefix { $0 != "=" }
                    if label != "le", label != "quantile" { rows[name]?.labels.insert(String(label)) }
                }
            }
        }
    }

    private func family(of sample: String) -> String {
        if rows[sample] != nil { return sample }
        for suffix in ["_bucket", "_sum", "_count"] where sample.hasSuffix(suffix) {
            let name = String(sample.dropLast(suffix.count))
            if rows[name] != nil { return name }
        }
        return sample
    }

    /// Every server has settings of its own: some 250, in one line.
    private static let settings = "pg_settings_"

    var markdown: String {
        var lines = ["| family | type | labels | what it is |", "| --- | --- | --- | --- |"]
        var rows = rows.filter { !$0.key.hasPrefix(Self.settings) }
        if rows.count < self.rows.count {
            rows["\(Self.settings)*"] = Row(
                type: "gauge", help: "Every numeric and boolean setting of the server, in seconds and bytes. From pg_settings.")
        }
        for (name, row) in rows.sorted(by: { $0.key < $1.key }) {
            let labels = row.labels.sorted().map { "`\($0)`" }.joined(separator: ", ")
            lines.append("| `\(name)` | \(row.type) | \(labels) | \(row.help.replacing("|", with: "\\|")) |")
        }
        return lines.joined(separator: "\n")
    }
}
