internal import MetricsModel
internal import Postgres

extension PostgresCollectorSwitch {
    /// Every numeric and boolean setting, in seconds and bytes. What Vitals sets for its own session is not what is configured: there
    /// the value that a reset would bring back is taken. They change at a reload only, so that once a minute is often enough.
    static let settings = PostgresCollectorSwitch(
        "settings",
        [
            Question(
                "settings", every: .seconds(60),
                reading: .rows { rows, sample throws(PostgresError) in
                    for row in rows {
                        guard let name = try row.string("name"), let value = try row.string("value"),
                            let setting = ServerSetting(name: name, value: value, unit: try row.string("unit"))
                        else { continue }
                        sample.add(setting.family, [], setting.number)
                    }
                }
            ) { _ in
                """
                SELECT name, unit, CASE WHEN source = 'session' THEN reset_val ELSE setting END AS value
                FROM pg_settings WHERE vartype IN ('bool', 'integer', 'real')
                """
            }
        ])
}

/// One row of `pg_settings` as a metric: `pg_settings_NAME`, with `_seconds` or `_bytes` behind the name where it has a unit.
/// Managed servers write what no manual says ("88413056kB" with a unit beside it, "Disabled" for an integer): what cannot be read is nil.
struct ServerSetting {
    let family: Family
    let number: Double

    init?(name: String, value: String, unit: String?) {
        guard let read = ServerSetting.read(value) else { return nil }
        let unit = unit.flatMap { $0.isEmpty ? nil : $0 }
        var metric = "pg_settings_"
        metric.unicodeScalars.append(contentsOf: name.unicodeScalars.map { ServerSetting.isNamePart($0) ? $0 : "_" })
        var help = "The setting \(name)"
        if let unit {
            guard let measure = Measure(unit) else { return nil }
            metric += "_\(measure.name)"
            help += " in \(measure.name)"
            // -1 says off, default or no limit in whatever unit.
            number = if read.number == -1 { -1 } else { read.number * (read.unit.flatMap { Measure($0) } ?? measure).factor }
        } else {
            number = read.number
        }
        family = Family(metric, .gauge, help: "\(help). From pg_settings.")
    }

    private static func isNamePart(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_": true
        default: false
        }
    }

    /// A number and what stands behind it.
    private static func read(_ text: String) -> (number: Double, unit: String?)? {
        switch text {
        case "on", "true", "yes": return (1, nil)
        case "off", "false", "no": return (0, nil)
        default: break
        }
        let end = text.lastIndex { $0.isASCII && $0.isNumber || $0 == "." }
        guard let end, let number = Double(text[...end]), number.isFinite else { return nil }
        let rest = text[text.index(after: end)...].drop { $0 == " " }
        if rest.isEmpty { return (number, nil) }
        return Measure(String(rest)) == nil ? nil : (number, String(rest))
    }

    /// A unit of pg_settings: `ms`, `8kB`, `16MB`. Manual: 20.1.1. Parameter Names and Values.
    private struct Measure {
        let name: String
        let factor: Double

        init?(_ unit: String) {
            let digits = unit.prefix { $0.isASCII && $0.isNumber }
            let count = digits.isEmpty ? 1 : Double(digits)
            let (name, size): (String, Double)
            switch unit.dropFirst(digits.count) {
            case "us": (name, size) = ("seconds", 0.000_001)
            case "ms": (name, size) = ("seconds", 0.001)
            case "s": (name, size) = ("seconds", 1)
            case "min": (name, size) = ("seconds", 60)
            case "h": (name, size) = ("seconds", 3600)
            case "d": (name, size) = ("seconds", 86_400)
            case "B": (name, size) = ("bytes", 1)
            case "kB": (name, size) = ("bytes", 1024)
            case "MB": (name, size) = ("bytes", 1_048_576)
            case "GB": (name, size) = ("bytes", 1_073_741_824)
            case "TB": (name, size) = ("bytes", 1_099_511_627_776)
            default: return nil
            }
            guard let count else { return nil }
            self.name = name
            factor = count * size
        }
    }
}
