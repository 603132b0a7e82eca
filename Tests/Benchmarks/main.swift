import FoundationEssentials
import Glibc

guard CommandLine.arguments.count > 1 else {
    print("usage: benchmarks PATH-OF-VITALS [scrape] [tables] [rules] [inprocess]")
    exit(2)
}
let named = Set(CommandLine.arguments.dropFirst(2))
let parts = named.isEmpty ? ["scrape", "tables", "rules", "inprocess"] : named
let executable =
    CommandLine.arguments[1].hasPrefix("/")
    ? CommandLine.arguments[1] : FileManager.default.currentDirectoryPath + "/" + CommandLine.arguments[1]
let folder = "/tmp/vitals-bench-\(getpid())"
try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
chmod(folder, 0o755)
defer { try? FileManager.default.removeItem(atPath: folder) }

if parts.contains("scrape") { try await ScrapeComparison(executable: executable, folder: folder).run() }
if parts.contains("tables") { try await TableComparison(executable: executable, folder: folder).run() }
if parts.contains("inprocess") { try await InProcessFigures.run() }
if parts.contains("rules") {
    RuleComparison.report(try await RuleComparison(executable: executable, folder: folder).run())
    try RuleTools(executable: executable, folder: folder).run()
}

/// Prints at once, also into a pipe.
func say(_ text: String) {
    print(text)
    fflush(nil)
}

func columns(_ name: String, _ cells: [String]) -> String {
    let padded = cells.map { String(repeating: " ", count: max(1, 17 - $0.count)) + $0 }
    return name + String(repeating: " ", count: max(1, 40 - name.count)) + padded.joined()
}

func fixed(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e12 else { return "-" }
    let hundredths = Int((value * 100).rounded())
    let fraction = String(abs(hundredths % 100))
    return "\(hundredths < 0 ? "-" : "")\(abs(hundredths) / 100).\(fraction.count == 1 ? "0" : "")\(fraction)"
}
