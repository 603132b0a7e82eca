/// The text formats in which samples are exposed.
public enum ExpositionFormat: Sendable, CaseIterable {
    /// Prometheus' text format, version 0.0.4.
    case text
    /// OpenMetrics 1.0.0.
    case openMetrics

    /// The value of the `Content-Type` header.
    public var contentType: String {
        switch self {
        case .text: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }
}

extension SampleSet {
    /// Appends the exposition of the whole set to `out`. Families stand in the set's order (by name), points in theirs and
    /// columns after them; no timestamps are written. Linear in the bytes written; names, labels and HELP were rendered when they were made.
    public func encode(_ format: ExpositionFormat, into out: inout [UInt8]) {
        for samples in families {
            switch format {
            case .text: out += samples.family.textHeader
            case .openMetrics: out += samples.family.openMetricsHeader
            }
            for point in samples.points {
                out += point.series.text
                appendNumber(point.value, to: &out)
                out.append(UInt8(ascii: "\n"))
            }
            for column in samples.columns {
                column.forEach { row, value in
                    out += samples.family.name.utf8
                    out += column.rows.text(row)
                    appendNumber(value, to: &out)
                    out.append(UInt8(ascii: "\n"))
                }
            }
        }
        if case .openMetrics = format { out += "# EOF\n".utf8 }
    }
}

extension Family {
    /// `# HELP` and `# TYPE` of the text format 0.0.4, where HELP escapes the backslash and the line feed.
    static func textHeader(_ name: String, _ type: MetricType, help: String) -> [UInt8] {
        header(name, type: type == .unknown ? "untyped" : type.rawValue, help: help, quoteEscaped: false)
    }

    /// `# HELP` and `# TYPE` of OpenMetrics 1.0.0: HELP also escapes the quotation mark, and a counter's family is named without
    /// the `_total` of its sample. A counter without that ending is `unknown` there, since renaming its sample would make a second series.
    static func openMetricsHeader(_ name: String, _ type: MetricType, help: String) -> [UInt8] {
        guard type == .counter else { return header(name, type: type.rawValue, help: help, quoteEscaped: true) }
        guard name.hasSuffix("_total") else {
            return header(name, type: MetricType.unknown.rawValue, help: help, quoteEscaped: true)
        }
        return header(String(name.dropLast("_total".count)), type: type.rawValue, help: help, quoteEscaped: true)
    }

    private static func header(_ name: String, type: String, help: String, quoteEscaped: Bool) -> [UInt8] {
        var out = Array("# HELP \(name) ".utf8)
        for byte in help.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): out += "\\\\".utf8
            case UInt8(ascii: "\n"): out += "\\n".utf8
            case UInt8(ascii: "\"") where quoteEscaped: out += "\\\"".utf8
            default: out.append(byte)
            }
        }
        out += "\n# TYPE \(name) \(type)\n".utf8
        return out
    }
}
