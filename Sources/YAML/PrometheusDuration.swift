/// Durations as Prometheus' configuration writes them (common/model.ParseDuration): `y w d h m s ms` in this order, each at most
/// once, whole numbers; `0` needs no unit.
public enum PrometheusDuration {
    public struct ParseError: Error, Sendable {
        public let message: String
    }

    private static let units: [(name: String, milliseconds: Int64)] = [
        ("y", 31_536_000_000), ("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
    ]

    /// Go's time.Duration counts nanoseconds in 63 bits.
    private static let millisecondsMax = Int64.max / 1_000_000

    public static func parse(_ text: String) throws(ParseError) -> Duration {
        .milliseconds(try milliseconds(text))
    }

    public static func milliseconds(_ text: String) throws(ParseError) -> Int64 {
        if text == "0" { return 0 }
        guard !text.isEmpty else { throw ParseError(message: "empty duration string") }
        let invalid = ParseError(message: "not a valid duration string: \(quotedForMessage(text))")
        var rest = text.utf8[...]
        var total: Int64 = 0
        var nextUnit = 0
        while !rest.isEmpty {
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            rest = rest[digits.endIndex...]
            let name = rest.prefix { !(0x30...0x39).contains($0) }
            rest = rest[name.endIndex...]
            guard !digits.isEmpty, let place = units[nextUnit...].firstIndex(where: { $0.name.utf8.elementsEqual(name) }) else {
                throw invalid
            }
            let overflow = ParseError(message: "duration out of range")
            guard let number = Int64(String(Substring(digits))) else { throw overflow }
            let (part, tooBig) = number.multipliedReportingOverflow(by: units[place].milliseconds)
            let (sum, tooBigSum) = total.addingReportingOverflow(part)
            guard !tooBig, !tooBigSum, sum <= millisecondsMax else { throw overflow }
            total = sum
            nextUnit = place + 1
        }
        return total
    }

    /// As model.Duration prints: `1h30m`, `1d`, `0s`. Weeks and years only where nothing smaller is left over.
    public static func text(milliseconds: Int64) -> String {
        guard milliseconds != 0 else { return "0s" }
        var left = milliseconds.magnitude
        var out = milliseconds < 0 ? "-" : ""
        for (name, unit) in units {
            let size = UInt64(unit)
            let isExactOnly = name == "y" || name == "w"
            guard left >= size, !isExactOnly || left % size == 0 else { continue }
            out += "\(left / size)\(name)"
            left %= size
        }
        return out
    }

    private static func quotedForMessage(_ text: String) -> String {
        "\"" + text.prefix(64).map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }.joined() + "\""
    }
}
