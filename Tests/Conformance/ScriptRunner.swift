import MetricsModel
import PromQL

/// Runs one promqltest script.
final class ScriptRunner {
    private let path: String
    private let reruns: Bool
    private let source = MemorySource()
    private let engine: PromQLEngine
    private var script: [String] = []
    private var next = 0
    private var tally = Tally()
    private var failuresShown = 0

    /// `features` are all of them in Prometheus' own run.
    init(path: String, reruns: Bool, features: PromQLFeatures) {
        self.path = path
        engine = PromQLEngine(features: features, limits: QueryLimits(duration: .seconds(100)))
        self.reruns = reruns
        script = lines(of: path).map { line in
            let text = trimmed(String(decoding: line, as: UTF8.self))
            return text.hasPrefix("#") ? "" : text
        }
    }

    func run() -> Tally {
        while next < script.count {
            let line = script[next]
            next += 1
            let command = firstWord(line).lowercased()
            if command == "clear" {
                source.clear()
            } else if command.hasPrefix("load") {
                load(line, withNHCB: command == "load_with_nhcb")
            } else if command.hasPrefix("eval") {
                let number = next
                guard let evaluation = evaluation(line, number) else {
                    fail(number, "cannot read the eval")
                    continue
                }
                check(evaluation)
            }
        }
        return tally
    }

    private func fail(_ line: Int, _ why: String) {
        tally.failed += 1
        print("\(path.split(separator: "/").last ?? ""):\(line): \(why)")
    }

    // MARK: - load

    private func load(_ line: String, withNHCB: Bool) {
        guard let step = try? prometheusDuration(trimmed(String(line.dropFirst(firstWord(line).count)))) else {
            return fail(next, "cannot read the step")
        }
        var pending: [Labels: [Point]] = [:]
        var order: [Labels] = []
        var starts: [Int64?] = []
        while next < script.count, !script[next].isEmpty {
            let text = script[next]
            next += 1
            if let found = StartNotation(text) {
                starts = found.offsets
                continue
            }
            defer { starts = [] }
            do {
                let series = try SeriesNotation(NativeNotation.withoutHistograms(text))
                if pending[series.labels] == nil { order.append(series.labels) }
                pending[series.labels] = series.values.enumerated().compactMap { index, value in
                    guard let value else { return nil }
                    let time = Int64(index) * step
                    if value == NativeNotation.placeholder {
                        source.noteNative(series.labels, time)
                        return nil
                    }
                    let offset = starts.indices.contains(index) ? starts[index] : nil
                    return Point(time: time, value: value, start: offset.map { time + $0 } ?? 0)
                }
            } catch {
                fail(next, "\(error)")
            }
        }
        for labels in order {
            let histogram = withNHCB ? NativeNotation.histogram(of: labels) : nil
            for point in pending[labels] ?? [] {
                source.append(labels, point.time, point.value, start: point.start)
                if let histogram { source.noteNative(histogram, point.time) }
            }
        }
    }

    private struct Point {
        let time: Int64
        let value: Double
        let start: Int64
    }

    // MARK: - eval

    private func evaluation(_ line: String, _ number: Int) -> Evaluation? {
        var words = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
        var times: Evaluation.Times
        guard words.count > 2 else { return nil }
        var consumed = 2
        if words[1] == "instant" {
            times = .instant(0)
            if words[2] == "at" {
                guard words.count > 4, let time = duration(words[3]) else { return nil }
                times = .instant(time)
                consumed = 4
            }
        } else {
            guard words.count > 8, let from = duration(words[3]), let to = duration(words[5]), let step = duration(words[7])
            else {
                return nil
            }
            times = .range(from, to, step)
            consumed = 8
        }
        var text = line[...]
        for _ in 0..<consumed {
            text = text.drop { $0 != " " && $0 != "\t" }
            text = text.drop { $0 == " " || $0 == "\t" }
        }
        words = []
        var evaluation = Evaluation(line: number, times: times, text: String(text))
        // The older form of the expectations.
        switch firstWord(line).lowercased() {
        case "eval_fail": evaluation.fails = .any
        case "eval_warn": evaluation.warnings = [.any]
        case "eval_info": evaluation.infos = [.any]
        case "eval_ordered": evaluation.isOrdered = true
        default: break
        }
        while next < script.count, !script[next].isEmpty {
            let line = script[next]
            next += 1
            if !expectation(line, &evaluation) { return nil }
        }
        return evaluation
    }

    private func duration(_ text: String) -> Int64? {
        if text.hasPrefix("-") { return (try? prometheusDuration(String(text.dropFirst()))).map { -$0 } }
        return try? prometheusDuration(text)
    }

    private func expectation(_ line: String, _ evaluation: inout Evaluation) -> Bool {
        let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
        if line.hasPrefix("expect range vector") {
            guard words.count == 9, let from = duration(words[4]), let to = duration(words[6]), let step = duration(words[8])
            else {
                return false
            }
            evaluation.rangeVector = (from, to, step)
            return true
        }
        if line.hasPrefix("expect string") {
            let literal = trimmed(String(line.dropFirst("expect string".count)))
            guard let expression = try? PromQLExpression(literal), case .string(let node) = expression.root else { return false }
            evaluation.string = node.value
            return true
        }
        if words.first == "expect" { return annotation(line, &evaluation) }
        if words.first == "expected_fail_message" {
            evaluation.fails = .message(trimmed(String(line.dropFirst("expected_fail_message".count))))
            return true
        }
        if words.first == "expected_fail_regexp" {
            let text = trimmed(String(line.dropFirst("expected_fail_regexp".count)))
            guard let pattern = try? RegularExpression(text, isAnchored: false) else { return false }
            evaluation.fails = .regex(pattern)
            return true
        }
        if let number = scalar(line) {
            evaluation.scalar = number
            return true
        }
        if line.contains("{{") {
            evaluation.isUnsupported = true
            return true
        }
        do {
            evaluation.series.append(try SeriesNotation(line))
        } catch {
            return false
        }
        return true
    }

    private func scalar(_ text: String) -> Double? {
        guard !text.contains(" "), !text.contains("{"), let node = try? PromQLExpression(text) else { return nil }
        if case .number(let literal) = node.root, !literal.isDuration { return literal.value }
        return nil
    }

    private func annotation(_ line: String, _ evaluation: inout Evaluation) -> Bool {
        var rest = trimmed(String(line.dropFirst("expect".count)))
        let kind = rest.prefix { !" \t".contains($0) }
        rest = trimmed(String(rest.dropFirst(kind.count)))
        var pattern = Evaluation.Pattern.any
        if rest.hasPrefix("msg:") {
            pattern = .message(trimmed(String(rest.dropFirst(4))))
        } else if rest.hasPrefix("regex:") {
            guard let compiled = try? RegularExpression(trimmed(String(rest.dropFirst(6))), isAnchored: false) else {
                return false
            }
            pattern = .regex(compiled)
        }
        switch kind {
        case "ordered": evaluation.isOrdered = true
        case "fail": evaluation.fails = pattern
        case "warn": evaluation.warnings.append(pattern)
        case "no_warn": evaluation.forbidsWarnings = true
        case "info": evaluation.infos.append(pattern)
        case "no_info": evaluation.forbidsInfos = true
        default: return false
        }
        return true
    }

    private func check(_ evaluation: Evaluation) {
        _ = source.takeTouched()
        let outcome = Result { try run(evaluation.text, evaluation.times) }
        var fault: String?
        switch outcome {
        case .success(let result):
            fault =
                evaluation.fails == nil
                ? evaluation.annotationFault(result) ?? evaluation.valueFault(result.value) : "did not fail"
        case .failure(let error):
            let message = (error as? PromQLError)?.message ?? "\(error)"
            if message.contains("native histograms") { return tally.skip("calls what only native histograms have") }
            fault = evaluation.fails.map { $0.matches(message) ? nil : "failed with \(message)" } ?? "failed: \(error)"
        }
        if evaluation.isUnsupported { return tally.skip("expects a native histogram") }
        if source.takeTouched() { return tally.skip("selects a series of native histograms") }
        if let fault { return fail(evaluation.line, "\(evaluation.text): \(fault)") }
        if reruns, let fault = rerunFault(evaluation) { return fail(evaluation.line, "\(evaluation.text): \(fault)") }
        tally.passed += 1
    }

    private func run(_ text: String, _ times: Evaluation.Times) throws -> QueryResult {
        let expression = try engine.parse(text)
        switch times {
        case .instant(let time): return try engine.evaluate(expression, at: time, over: source)
        case .range(let from, let to, let step):
            return try engine.evaluate(expression, from: from, through: to, step: step, over: source)
        }
    }

    // MARK: - Re-runs

    private static let timeBound: Set<String> = [
        "days_in_month", "day_of_month", "day_of_week", "day_of_year", "hour", "minute", "month", "year", "predict_linear",
        "time",
        "timestamp", "start", "end", "step", "range",
    ]

    /// The same answer must come with the time fixed by `@`, from any evaluation time, and in the middle of a range query.
    private func rerunFault(_ evaluation: Evaluation) -> String? {
        guard case .instant(let time) = evaluation.times, evaluation.rangeVector == nil, evaluation.string == nil,
            let expression = try? engine.parse(evaluation.text)
        else { return nil }
        var cases: [(String, Int64)] = [(evaluation.text, time)]
        if expression.root.functionNames.isDisjoint(with: Self.timeBound) {
            let pinned = expression.root.pinned(to: time).description
            let others: [Int64] = time == 0 ? [-1000, 0, 1000] : [-10 * time, 0, time / 5, time, 10 * time]
            cases += others.map { (pinned, $0) }
        }
        let isDynamic = ["start()", "end()", "range()", "step()"].contains(where: evaluation.text.contains)
        for (index, (text, at)) in cases.enumerated() {
            if index > 0, let fault = fault(evaluation, text, .instant(at)) { return "re-run \(text) at \(at): \(fault)" }
            if isDynamic { continue }
            if let fault = middleFault(evaluation, text, at) { return "range re-run \(text) around \(at): \(fault)" }
        }
        return nil
    }

    private func fault(_ evaluation: Evaluation, _ text: String, _ times: Evaluation.Times) -> String? {
        do {
            let result = try run(text, times)
            if evaluation.fails != nil { return "did not fail" }
            return evaluation.valueFault(result.value)
        } catch {
            return evaluation.fails == nil ? "\(error)" : nil
        }
    }

    private func middleFault(_ evaluation: Evaluation, _ text: String, _ time: Int64) -> String? {
        do {
            let result = try run(text, .range(time - 60_000, time + 60_000, 60_000))
            guard evaluation.fails == nil else { return "did not fail" }
            guard !evaluation.isOrdered, case .matrix(let series) = result.value else { return nil }
            let middle = series.compactMap { line in
                line.points.first { $0.timestamp == time }.map { (line.labels, $0.value.number ?? .nan) }
            }
            if let scalar = evaluation.scalar {
                return middle.count == 1 && almostEqual(middle[0].1, scalar) ? nil : "got \(middle)"
            }
            return evaluation.vectorFault(middle, checksOrder: false)
        } catch {
            return evaluation.fails == nil ? "\(error)" : nil
        }
    }
}

func trimmed(_ text: String) -> String {
    let space: Set<Character> = [" ", "\t", "\r", "\n"]
    var part = text[...]
    while let first = part.first, space.contains(first) { part.removeFirst() }
    while let last = part.last, space.contains(last) { part.removeLast() }
    return String(part)
}

func firstWord(_ text: String) -> String { String(text.prefix { $0 != " " && $0 != "\t" }) }
