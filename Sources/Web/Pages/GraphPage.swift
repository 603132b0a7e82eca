import Health
import MetricsModel
import PromQL
import YAML

/// `/graph`: what an expression is now and was in the last hour. Here leads the link of a notification (`generatorURL`), with the
/// parameters of Prometheus' own page: `g0.expr`, `g0.range_input` (1h).
struct GraphPage: Sendable {
    /// More rows than anybody reads.
    private static let rowsMax = 200
    /// More lines than anybody tells apart.
    private static let linesMax = 10
    private static let pointsPerLine: Int64 = 240

    let engine: (any QueryEngine)?
    let limits: WebLimits
    let threads: QueryThreads

    private struct Answer {
        let value: PromQLValue
        let history: [MatrixSeries]
        let notes: [String]
    }

    @Sendable func page(_ request: WebRequest) async throws(WebError) -> WebResponse {
        guard let engine else { throw WebError(.notFound, "there are no queries here") }
        let expression = request.query["g0.expr"] ?? ""
        let window = request.query["g0.range_input"] ?? "1h"
        let now = APIParameters.now()
        do {
            let length = try Self.length(window)
            return try await threads.run(for: request) { () throws(QueryFailure) in
                let answer = expression.isEmpty ? nil : try self.answer(expression, engine, now: now, length: length)
                return HTML.page(title: "Graph") { html in
                    form(expression, window, &html)
                    if let answer { show(answer, from: now - length, through: now, &html) }
                }
            }
        } catch {
            return HTML.page(title: "Graph") { html in
                form(expression, window, &html)
                html.markup("<p class=\"err\">")
                html.text(error.message)
                html.markup("</p>\n")
            }
        }
    }

    private static func length(_ text: String) throws(QueryFailure) -> Int64 {
        do {
            let length = try PrometheusDuration.parse(text).components.seconds * 1_000
            if length > 0 { return length }
        } catch {
            throw QueryFailure(.badData, "\(text): \(error.message); a range is written like 30m or 2h")
        }
        throw QueryFailure(.badData, "a range is longer than 0, for example 1h")
    }

    private func answer(_ text: String, _ engine: any QueryEngine, now: Int64, length: Int64) throws(QueryFailure) -> Answer {
        let expression = try engine.parse(text)
        let options = QueryOptions(deadline: .now + limits.queryTimeout)
        let instant = try engine.instant(expression, at: now, options)
        var history: [MatrixSeries] = []
        if expression.type == .vector || expression.type == .scalar {
            let step = max(1_000, length / Self.pointsPerLine)
            // On multiples of the step, so that a reload does not make the lines tremble.
            let end = now / step * step
            if case .matrix(let series) = try engine.range(expression, from: end - length, through: end, step: step, options)
                .result
            {
                history = series
            }
        }
        return Answer(value: instant.result, history: history, notes: instant.warnings + instant.infos)
    }

    // MARK: - What is shown

    private func form(_ expression: String, _ window: String, _ html: inout HTML) {
        html.markup("<h1>Graph</h1><form action=\"/graph\"><textarea name=\"g0.expr\" rows=\"3\" aria-label=\"Expression\">")
        html.text(expression)
        html.markup("</textarea><label>of the last <input name=\"g0.range_input\" size=\"5\" value=\"")
        html.text(window)
        html.markup("\"></label> <button>Show</button></form>\n")
    }

    private func show(_ answer: Answer, from: Int64, through: Int64, _ html: inout HTML) {
        for note in answer.notes {
            html.markup("<p class=\"unknown\">")
            html.text(note)
            html.markup("</p>")
        }
        let lines = Array(answer.history.prefix(Self.linesMax))
        draw(lines, from: from, through: through, &html)
        if answer.history.count > lines.count {
            html.markup("<p class=\"dim\">")
            html.text("The first \(lines.count) of \(answer.history.count) series are drawn.")
            html.markup("</p>")
        }
        table(answer.value, lines, &html)
    }

    private func table(_ value: PromQLValue, _ lines: [MatrixSeries], _ html: inout HTML) {
        var rows: [(labels: Labels, values: String)] = []
        switch value {
        case .scalar(let number, _): rows = [(.empty, GoNumber.plain(number))]
        case .string(let text, _): rows = [(.empty, text)]
        case .vector(let samples): rows = samples.map { ($0.labels, $0.value.number.map(GoNumber.plain) ?? "") }
        case .matrix(let series):
            rows = series.map { series in
                let points = series.points.map { "\($0.value.number.map(GoNumber.plain) ?? "") @\(isoTimestamp($0.timestamp))" }
                return (series.labels, points.joined(separator: "\n"))
            }
        }
        guard !rows.isEmpty else { return html.markup("<p>Nothing now.</p>\n") }
        let colours = Dictionary(
            lines.enumerated().map { ($0.element.labels, $0.offset) }, uniquingKeysWith: { first, _ in first })
        html.markup("<table><tr><th>Series</th><th>Value</th></tr>\n")
        for row in rows.prefix(Self.rowsMax) {
            html.markup("<tr><td class=\"labels\">")
            if let colour = colours[row.labels] {
                html.markup("<span class=\"line")
                html.text("\(colour)")
                html.markup("\">■</span> ")
            }
            html.text(row.labels.description)
            html.markup("</td><td><pre>")
            html.text(row.values)
            html.markup("</pre></td></tr>\n")
        }
        html.markup("</table>\n")
        if rows.count > Self.rowsMax {
            html.markup("<p class=\"dim\">")
            html.text("\(rows.count - Self.rowsMax) more.")
            html.markup("</p>")
        }
    }

    private func draw(_ lines: [MatrixSeries], from: Int64, through: Int64, _ html: inout HTML) {
        let values = lines.flatMap(\.points).compactMap(\.value.number).filter(\.isFinite)
        guard let low = values.min(), let high = values.max(), through > from else { return }
        let scale = Scale(from: from, through: through, low: low, high: high)
        html.markup("<svg class=\"graph\" viewBox=\"0 0 1000 280\" role=\"img\" aria-label=\"History\">")
        for (y, value) in [(12, high), (248, low)] {
            html.markup("<text x=\"0\" y=\"")
            html.text("\(y)")
            html.markup("\">")
            html.text(GoNumber.plain(value))
            html.markup("</text>")
        }
        html.markup("<text x=\"0\" y=\"276\">")
        html.text(isoTimestamp(from))
        html.markup("</text><text x=\"1000\" y=\"276\" text-anchor=\"end\">")
        html.text(isoTimestamp(through))
        html.markup("</text>")
        for (place, line) in lines.enumerated() {
            html.markup("<path class=\"line")
            html.text("\(place)")
            html.markup("\" d=\"")
            html.text(scale.path(of: line.points))
            html.markup("\"/>")
        }
        html.markup("</svg>\n")
    }

    /// Where a point lies in the drawing.
    private struct Scale {
        let from: Int64
        let through: Int64
        let low: Double
        let high: Double

        /// A gap where there is no point for two steps, or none that is a number.
        func path(of points: [MatrixPoint]) -> String {
            let steps = zip(points, points.dropFirst()).map { $1.timestamp - $0.timestamp }
            let gap = 2 * (steps.min() ?? 0)
            var text = ""
            var last: Int64?
            for point in points {
                guard let value = point.value.number, value.isFinite else {
                    last = nil
                    continue
                }
                let continues = last.map { point.timestamp - $0 < gap } ?? false
                text += "\(continues ? "L" : "M")\(tenths(x(point.timestamp))) \(tenths(y(value)))"
                // A point that stands alone is a dot: the round end of a line without length.
                if !continues { text += "h0" }
                last = point.timestamp
            }
            return text
        }

        private func x(_ time: Int64) -> Double { 1_000 * Double(time - from) / Double(through - from) }

        private func y(_ value: Double) -> Double {
            let height = high - low
            // Halves, because the difference of two large numbers may be infinite.
            return height == 0 ? 130 : 240 - 220 * ((value / 2 - low / 2) / (high / 2 - low / 2))
        }

        private func tenths(_ value: Double) -> String {
            let bounded = Int((min(max(value, -100), 1_100) * 10).rounded())
            return "\(bounded < 0 ? "-" : "")\(abs(bounded) / 10).\(abs(bounded) % 10)"
        }
    }
}
