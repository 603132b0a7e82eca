import MetricsModel
import PromQL

/// The table-driven suites: one JSON object per line.
enum Suite {
    static func run(_ path: String, _ check: (JSON) -> Outcome) -> Tally {
        var tally = Tally()
        for (index, line) in lines(of: path).enumerated() where !line.isEmpty {
            guard let json = JSON(parsing: line) else {
                print("\(path):\(index + 1): not JSON")
                tally.failed += 1
                continue
            }
            switch check(json) {
            case .passed: tally.passed += 1
            case .skipped(let why): tally.skip(why)
            case .failed(let why):
                tally.failed += 1
                print("\(path):\(index + 1): \(why)")
            }
        }
        return tally
    }

    enum Outcome {
        case passed
        /// Why it was left out.
        case skipped(String)
        case failed(String)
    }

    /// `input` → `string`, `ast`, `start`, `end`, or `error`.
    static func parse(_ json: JSON) -> Outcome {
        guard let input = json["input"]?.string else { return .failed("no input") }
        let fails = json["fail"]?.bool ?? false
        let short = String(input.prefix(120))
        do {
            let expression = try PromQLExpression(input, features: .all)
            if fails { return .failed("\(short): parsed, wanted \(json["error"]?.string ?? "an error")") }
            if let wanted = json["string"]?.string, wanted != expression.description {
                return .failed("\(short): printed \(expression.description), wanted \(wanted)")
            }
            if let wanted = json["ast"], JSON(parsing: expression.root.json) != wanted {
                return .failed("\(short): tree \(String(decoding: expression.root.json, as: UTF8.self))")
            }
            let range = expression.root.range
            if let start = json["start"]?.number, let end = json["end"]?.number,
                Double(range.start) != start || Double(range.end) != end
            {
                return .failed("\(short): range \(range.start)..\(range.end), wanted \(start)..\(end)")
            }
            return .passed
        } catch {
            if error.message.contains("native histograms") { return .skipped("needs a native histogram") }
            if !fails { return .failed("\(short): \(error)") }
            if let wanted = json["error"]?.string, wanted != "\(error)" {
                return .failed("\(short): \(error), wanted \(wanted.prefix(300))")
            }
            return .passed
        }
    }

    /// `in` → `out`.
    static func printed(_ json: JSON) -> Outcome {
        guard let input = json["in"]?.string, let wanted = json["out"]?.string else { return .failed("no input") }
        do {
            let text = try PromQLExpression(input, features: .all).description
            return text == wanted ? .passed : .failed("\(input): \(text), wanted \(wanted)")
        } catch {
            return .failed("\(input): \(error)")
        }
    }

    /// `input` → `metric`, `values`, or `error`.
    static func series(_ json: JSON) -> Outcome {
        guard let input = json["input"]?.string else { return .failed("no input") }
        let fails = json["fail"]?.bool ?? false
        do {
            let series = try SeriesNotation(input)
            if fails { return .failed("\(input): parsed, wanted \(json["error"]?.string ?? "an error")") }
            let labels = Labels((json["metric"]?.object ?? [:]).map { Label($0.key, $0.value.string ?? "") })
            let values = series.values.map { $0.map { isStaleMarker($0) ? "stale" : goFixedText($0) } ?? "_" }
            let wanted = (json["values"]?.array ?? []).compactMap(\.string)
            if series.labels != labels || values != wanted {
                return .failed("\(input): \(series.labels) \(values), wanted \(wanted)")
            }
            return .passed
        } catch {
            if error.message.contains("native histograms") { return .skipped("needs a native histogram") }
            if !fails { return .failed("\(input): \(error)") }
            if let wanted = json["error"]?.string, wanted != "\(error)" { return .failed("\(input): \(error), wanted \(wanted)") }
            return .passed
        }
    }

    /// `input` → `items`, each type, position and text.
    static func lex(_ json: JSON) -> Outcome {
        guard let input = json["input"]?.string else { return .failed("no input") }
        let isSeries = json["series_desc"]?.bool ?? false
        let tokens = lexicalItems(of: input, isSeries: isSeries)
        if tokens.contains(where: { $0.text.contains("native histograms") }) { return .skipped("needs a native histogram") }
        let isBroken = tokens.contains { $0.kind == "error" }
        if json["fail"]?.bool ?? false { return isBroken ? .passed : .failed("\(input): lexed \(tokens)") }
        let wanted = (json["items"]?.array ?? []).compactMap { item -> String? in
            guard let parts = item.array, parts.count == 3 else { return nil }
            return "\(parts[0].string ?? "") \(Int(parts[1].number ?? -1)) \(parts[2].string ?? "")"
        }
        // Prometheus' lexer goes on after a wrong escape; the error is the same.
        if wanted.first?.hasPrefix("error ") == true, let first = tokens.first {
            return "\(first.kind) \(first.position) \(first.text)" == wanted[0] ? .passed : .failed("\(input): \(first)")
        }
        let found = tokens.map { "\($0.kind) \($0.position) \($0.text)" }
        return found == wanted ? .passed : .failed("\(input): \(found), wanted \(wanted)")
    }
}
