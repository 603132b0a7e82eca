/// Durations as Go's `time.ParseDuration` reads them (https://pkg.go.dev/time#ParseDuration): `300ms`, `-1.5h`, `2h45m`.
public enum GoDuration {
    private static let units: [(name: String, nanoseconds: Double)] = [
        ("ns", 1), ("us", 1e3), ("µs", 1e3), ("μs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3_600e9),
    ]

    /// Nil for a text that is no duration.
    public static func duration(_ text: String) -> Duration? { nanoseconds(text).map { .nanoseconds(Int64($0)) } }

    /// Whole milliseconds, cut off. Nil for a text that is no duration, or a longer one than Go can hold (292 years).
    static func milliseconds(_ text: String) -> Int64? {
        nanoseconds(text).map { Int64($0 / 1e6) }
    }

    static func nanoseconds(_ text: String) -> Double? {
        var rest = text[...]
        let isNegative = rest.hasPrefix("-")
        if isNegative || rest.hasPrefix("+") { rest = rest.dropFirst() }
        if rest == "0" { return 0 }
        guard !rest.isEmpty else { return nil }
        var sum = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { ($0 >= "0" && $0 <= "9") || $0 == "." }
            // `.5` and `1.` are numbers to Go, `.` is none.
            guard digits.contains(where: { $0 != "." }),
                let number = Double(digits.contains(".") ? "0\(digits)0" : String(digits))
            else { return nil }
            rest = rest[digits.endIndex...]
            let name = rest.prefix { !(($0 >= "0" && $0 <= "9") || $0 == ".") }
            guard let unit = units.first(where: { $0.name == name }) else { return nil }
            rest = rest[name.endIndex...]
            sum += number * unit.nanoseconds
        }
        guard sum < 9.2e18 else { return nil }
        return isNegative ? -sum : sum
    }
}
