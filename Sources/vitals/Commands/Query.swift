import ArgumentParser
import Web

/// `vitals query EXPR`: against a running Vitals or Prometheus.
struct QueryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query", abstract: "Ask a running Vitals or Prometheus. `vitals query EXPR` is the value of EXPR now.",
        subcommands: [Instant.self, Range.self, Series.self, LabelValues.self], defaultSubcommand: Instant.self)

    /// Which server, and how to print what it says.
    struct Connection: ParsableArguments {
        @Option(help: "The server's address.")
        var server = "http://127.0.0.1:9876"

        @Option(name: [.customShort("o"), .long], help: "promql: text as promtool prints it; json: as the server sends it.")
        var output = OutputFormat.promql

        @Option(help: ArgumentHelp("A header of the request: NAME=VALUE or NAME: VALUE; may be repeated.", valueName: "header"))
        var header: [String] = []

        @Option(help: "The user of basic auth.")
        var username: String?

        @Option(help: "A file with the password of basic auth.")
        var passwordFile: String?

        @Option(help: "A file with a bearer token.")
        var bearerTokenFile: String?

        @Option(help: "How long to wait for the answer, as a Prometheus duration.")
        var timeout = "2m"
    }

    enum OutputFormat: String, ExpressibleByArgument { case promql, json }

    struct Instant: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The value of an expression at one time.")

        @OptionGroup var connection: Connection

        @Option(help: "When: RFC 3339, or seconds since 1970. Default: now.")
        var time: String?

        @Argument(help: "The expression.")
        var expression: String

        func run() async throws {
            var fields = [("query", expression)]
            if let time { fields.append(("time", time)) }
            try await connection.show("query", fields) { (data) throws(QueryText.Failure) in try QueryText.result(data) }
        }
    }

    struct Range: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The values of an expression over a stretch of time.")

        @OptionGroup var connection: Connection

        @Option(help: "The first time: RFC 3339, or seconds since 1970. Default: five minutes before the end.")
        var start: String?

        @Option(help: "The last time. Default: now.")
        var end: String?

        @Option(help: "The distance, as a Prometheus duration. Default: what makes 250 values.")
        var step: String?

        @Argument(help: "The expression.")
        var expression: String

        func run() async throws {
            let through = try instant(end, "--end") ?? unixMilliseconds()
            let from = try instant(start, "--start") ?? through - 300_000
            guard from <= through else { throw Findings(all: [Finding("--start", "must not be after --end")]) }
            // promtool's default.
            let step = self.step ?? "\(max(1, (through - from) / 250_000))s"
            try await connection.show(
                "query_range",
                [("query", expression), ("start", seconds(from)), ("end", seconds(through)), ("step", step)]
            ) { (data) throws(QueryText.Failure) in try QueryText.result(data) }
        }
    }

    struct Series: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The label sets of the series that selectors choose.")

        @OptionGroup var connection: Connection

        @Option(help: "A series selector; may be repeated.")
        var match: [String]

        @Option(help: "Only series with samples from then on.")
        var start: String?

        @Option(help: "Only series with samples until then.")
        var end: String?

        func run() async throws {
            var fields = match.map { ("match[]", $0) }
            if let start { fields.append(("start", start)) }
            if let end { fields.append(("end", end)) }
            try await connection.show("series", fields) { (data) throws(QueryText.Failure) in try QueryText.labelSets(data) }
        }
    }

    struct LabelValues: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "labels", abstract: "The values of a label.")

        @OptionGroup var connection: Connection

        @Option(help: "A series selector: only values of the series that it chooses; may be repeated.")
        var match: [String] = []

        @Option(help: "Only of series with samples from then on.")
        var start: String?

        @Option(help: "Only of series with samples until then.")
        var end: String?

        @Argument(help: "The label's name.")
        var name: String

        func run() async throws {
            var fields = match.map { ("match[]", $0) }
            if let start { fields.append(("start", start)) }
            if let end { fields.append(("end", end)) }
            try await connection.show("label/\(pathLabelName(name))/values", fields, method: .get) {
                (data) throws(QueryText.Failure) in
                try QueryText.lines(data)
            }
        }
    }
}

/// Milliseconds of a flag's instant; nil when it was not given.
private func instant(_ text: String?, _ flag: String) throws(Findings) -> Int64? {
    guard let text else { return nil }
    guard let time = millisecondsOfInstant(text) else {
        throw Findings(all: [Finding(flag, "'\(text)' is neither seconds since 1970 nor a time like 2026-11-21T06:00:00Z")])
    }
    return time
}

private func seconds(_ milliseconds: Int64) -> String {
    let (whole, rest) = milliseconds.magnitude.quotientAndRemainder(dividingBy: 1_000)
    let fraction = String(rest)
    let sign = milliseconds < 0 ? "-" : ""
    return "\(sign)\(whole).\(String(repeating: "0", count: 3 - fraction.utf8.count))\(fraction)"
}

/// A label's name as a path may hold it: names beyond letters, digits and underscores in the form of prometheus/common's
/// model.EscapeName for values.
private func pathLabelName(_ name: String) -> String {
    let isPlain = name.unicodeScalars.allSatisfy {
        $0.isASCII && ($0.properties.isAlphabetic || $0 == "_" || ("0"..."9").contains($0))
    }
    guard !isPlain || name.isEmpty else { return name }
    return name.unicodeScalars.reduce(into: "U__") { out, scalar in
        if scalar == "_" {
            out += "__"
        } else if scalar.isASCII, scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == ":" {
            out.unicodeScalars.append(scalar)
        } else {
            out += "_\(String(scalar.value, radix: 16))_"
        }
    }
}
