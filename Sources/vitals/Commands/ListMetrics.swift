import ArgumentParser
import MetricsModel

struct ListMetrics: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics", abstract: "Print the metric families as a Markdown table.")

    func run() throws {
        print(MetricsTable.markdown)
    }
}
