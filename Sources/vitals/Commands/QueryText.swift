import MetricsModel
import Records

/// Answers of the API as promtool prints them (cmd/promtool, promqlPrinter; prometheus/common, model.Value.String).
enum QueryText {
    struct Failure: Error { let message: String }

    /// The data of `query` and `query_range`. Empty for a result without series.
    static func result(_ data: JSONValue) throws(Failure) -> String {
        guard case .object(let fields) = data, case .string(let type)? = fields["resultType"], let result = fields["result"]
        else {
            throw Failure(message: "the answer is no query's result")
        }
        switch (type, result) {
        case ("scalar", _):
            let (time, value) = try point(result)
            return "scalar: \(value) @[\(time)]"
        case ("string", .array(let pair)):
            guard pair.count == 2, case .string(let text) = pair[1] else { throw Failure(message: "a string without its text") }
            return text
        case ("vector", .array(let series)):
            var lines: [String] = []
            for entry in series {
                let (labels, fields) = try entry.series()
                let (time, value) = try point(fields["value"] ?? .null)
                lines.append("\(metric(labels)) => \(value) @[\(time)]")
            }
            return lines.joined(separator: "\n")
        case ("matrix", .array(let series)):
            var blocks: [String] = []
            for entry in series {
                let (labels, fields) = try entry.series()
                guard case .array(let points)? = fields["values"] else { throw Failure(message: "a series without values") }
                var lines = ["\(metric(labels)) =>"]
                for entry in points {
                    let (time, value) = try point(entry)
                    lines.append("\(value) @[\(time)]")
                }
                blocks.append(lines.joined(separator: "\n"))
            }
            return blocks.joined(separator: "\n")
        case (_, _): throw Failure(message: "the result type \(type) is not known")
        }
    }

    /// The data of `series`: a label set on each line.
    static func labelSets(_ data: JSONValue) throws(Failure) -> String {
        guard case .array(let series) = data else { throw Failure(message: "the answer is no list of series") }
        var lines: [String] = []
        for labels in series { lines.append(set(try labels.labels())) }
        return lines.joined(separator: "\n")
    }

    /// The data of `label/…/values`: a value on each line.
    static func lines(_ data: JSONValue) throws(Failure) -> String {
        guard case .array(let values) = data else { throw Failure(message: "the answer is no list of values") }
        var lines: [String] = []
        for value in values {
            guard case .string(let text) = value else { throw Failure(message: "a value is no text") }
            lines.append(text)
        }
        return lines.joined(separator: "\n")
    }

    /// JSON: of a query's answer the result alone, as promtool.
    static func json(_ data: JSONValue) -> String {
        if case .object(let fields) = data, fields["resultType"] != nil, let result = fields["result"] { return result.text }
        return data.text
    }

    /// `name{a="b", c="d"}`.
    private static func metric(_ labels: [(String, String)]) -> String {
        let name = labels.first { $0.0 == Labels.metricName }?.1 ?? ""
        let others = labels.filter { $0.0 != Labels.metricName }
        guard !others.isEmpty else { return name.isEmpty ? "{}" : name }
        return name + set(others)
    }

    private static func set(_ labels: [(String, String)]) -> String {
        "{" + labels.map { "\($0.0)=\(quoted($0.1))" }.joined(separator: ", ") + "}"
    }

    /// `[1700000000.5, "12"]` as texts. The time is printed as it came: the server wrote the shortest form.
    private static func point(_ value: JSONValue) throws(Failure) -> (time: String, value: String) {
        guard case .array(let pair) = value, pair.count == 2, case .string(let text) = pair[1] else {
            throw Failure(message: "a point is no pair of time and value")
        }
        switch pair[0] {
        case .integer(let time): return (String(time), spelledOut(text))
        case .number(let time): return ("\(time)", spelledOut(text))
        case .null, .bool, .string, .array, .object: throw Failure(message: "a point has no time")
        }
    }
}

/// A number without its exponent: promtool prints all digits of what the API shortens (`2.9e+21`). What is no such number is itself.
func spelledOut(_ number: String) -> String {
    let halves = number.split(separator: "e", maxSplits: 1)
    // The range of a double.
    guard halves.count == 2, let exponent = Int(halves[1]), abs(exponent) <= 400 else { return number }
    let isNegative = halves[0].hasPrefix("-")
    let mantissa = (isNegative ? halves[0].dropFirst() : halves[0]).split(separator: ".", maxSplits: 1)
    guard let whole = mantissa.first else { return number }
    let digits = whole + (mantissa.count > 1 ? mantissa[1] : "")
    let point = whole.count + exponent
    let sign = isNegative ? "-" : ""
    if point <= 0 { return "\(sign)0.\(String(repeating: "0", count: -point))\(digits)" }
    if point >= digits.count { return "\(sign)\(digits)\(String(repeating: "0", count: point - digits.count))" }
    return "\(sign)\(digits.prefix(point)).\(digits.dropFirst(point))"
}

extension JSONValue {
    fileprivate func series() throws(QueryText.Failure) -> (labels: [(String, String)], fields: JSONObject) {
        guard case .object(let fields) = self, let metric = fields["metric"] else {
            throw QueryText.Failure(message: "a series without labels")
        }
        return (try metric.labels(), fields)
    }

    /// In the order of their names.
    fileprivate func labels() throws(QueryText.Failure) -> [(String, String)] {
        guard case .object(let fields) = self else { throw QueryText.Failure(message: "a label set is no object") }
        var labels: [(String, String)] = []
        for member in fields.members {
            guard case .string(let value) = member.value else { throw QueryText.Failure(message: "a label's value is no text") }
            labels.append((member.key, value))
        }
        return labels
    }
}
