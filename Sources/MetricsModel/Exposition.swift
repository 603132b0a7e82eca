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
            samples.encodeHeader(format, into: &out)
            samples.encodePoints(into: &out)
            for column in samples.columns { samples.encode(column, into: &out) }
        }
        SampleSet.encodeEnd(format, into: &out)
    }

    /// Appends what stands behind the last family.
    public static func encodeEnd(_ format: ExpositionFormat, into out: inout [UInt8]) {
        if case .openMetrics = format { out += "# EOF\n".utf8 }
    }
}

extension FamilySamples {
    /// Appends `# HELP` and `# TYPE`.
    public func encodeHeader(_ format: ExpositionFormat, into out: inout [UInt8]) {
        switch format {
        case .text: out += family.textHeader
        case .openMetrics: out += family.openMetricsHeader
        }
    }

    /// Appends the lines of the points; the same in every format.
    public func encodePoints(into out: inout [UInt8]) {
        for point in points {
            out += point.series.text
            appendNumber(point.value, to: &out)
            out.append(UInt8(ascii: "\n"))
        }
    }

    /// Appends the lines of one of the columns; the same in every format.
    public func encode(_ column: ValueColumn, into out: inout [UInt8]) {
        encode(column, 0..<column.rows.count, into: &out)
    }

    /// Appends the lines of some rows of one of the columns.
    public func encode(_ column: ValueColumn, _ range: Range<Int>, into out: inout [UInt8]) {
        for row in range where !isStaleMarker(column.values[row]) {
            out += family.name.utf8
            out += column.rows.text(row)
            appendNumber(column.values[row], to: &out)
            out.append(UInt8(ascii: "\n"))
        }
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
