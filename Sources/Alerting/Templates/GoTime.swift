/// Times and durations as Go prints them, in UTC.
enum GoTime {
    struct Civil {
        let year: Int64
        let month: Int
        let day: Int
        let hour: Int
        let minute: Int
        let second: Int
        let nanosecond: Int
        /// 0 is Sunday.
        let weekday: Int
    }

    static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
    ]
    static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

    /// The proleptic Gregorian date (Hinnant, "chrono-Compatible Low-Level Date Algorithms", 2013).
    static func civil(nanoseconds: Int64) -> Civil {
        let (seconds, nanosecond) = floorDivide(nanoseconds, 1_000_000_000)
        let (days, secondOfDay) = floorDivide(seconds, 86_400)
        let shifted = days + 719_468
        let (era, dayOfEra) = floorDivide(shifted, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return Civil(
            year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month: Int(month),
            day: Int(dayOfYear - (153 * marchMonth + 2) / 5 + 1), hour: Int(secondOfDay / 3_600),
            minute: Int(secondOfDay / 60 % 60), second: Int(secondOfDay % 60), nanosecond: Int(nanosecond),
            weekday: Int(floorDivide(days + 4, 7).remainder))
    }

    /// `time.Time.String`: `2006-01-02 15:04:05.999999999 +0000 UTC`.
    static func text(nanoseconds: Int64) -> String {
        format(nanoseconds: nanoseconds, layout: "2006-01-02 15:04:05.999999999 -0700 MST")
    }

    /// `time.Time.Format` in UTC.
    static func format(nanoseconds: Int64, layout: String) -> String {
        let time = civil(nanoseconds: nanoseconds)
        var out = ""
        var rest = layout[...]
        while !rest.isEmpty {
            if let (length, text) = fraction(rest, time) {
                out += text
                rest = rest.dropFirst(length)
            } else if let element = elements.first(where: { rest.hasPrefix($0.pattern) }) {
                out += element.text(time)
                rest = rest.dropFirst(element.pattern.count)
            } else {
                out.append(rest.removeFirst())
            }
        }
        return out
    }

    /// `time.Duration.String`: `1h0m0s`, `1.5s`, `999µs`.
    static func durationText(nanoseconds: Int64) -> String {
        guard nanoseconds != 0 else { return "0s" }
        let sign = nanoseconds < 0 ? "-" : ""
        let magnitude = nanoseconds.magnitude
        func decimal(_ value: UInt64, _ unit: UInt64, digits: Int) -> String {
            var fraction = padded(value % unit, digits)
            while fraction.last == "0" { fraction.removeLast() }
            return fraction.isEmpty ? "\(value / unit)" : "\(value / unit).\(fraction)"
        }
        if magnitude < 1_000 { return "\(sign)\(magnitude)ns" }
        if magnitude < 1_000_000 { return sign + decimal(magnitude, 1_000, digits: 3) + "µs" }
        if magnitude < 1_000_000_000 { return sign + decimal(magnitude, 1_000_000, digits: 6) + "ms" }
        let seconds = decimal(magnitude % 60_000_000_000, 1_000_000_000, digits: 9)
        let minutes = magnitude / 60_000_000_000
        if minutes == 0 { return "\(sign)\(seconds)s" }
        return minutes < 60 ? "\(sign)\(minutes)m\(seconds)s" : "\(sign)\(minutes / 60)h\(minutes % 60)m\(seconds)s"
    }

    private struct Element {
        let pattern: String
        let text: @Sendable (Civil) -> String
    }

    /// Go's layout elements; a longer one stands before those it begins with.
    private static let elements: [Element] = [
        Element(pattern: "January") { months[$0.month - 1] },
        Element(pattern: "Jan") { String(months[$0.month - 1].prefix(3)) },
        Element(pattern: "Monday") { weekdays[$0.weekday] },
        Element(pattern: "Mon") { String(weekdays[$0.weekday].prefix(3)) },
        Element(pattern: "MST") { _ in "UTC" },
        Element(pattern: "2006") { padded($0.year.magnitude, 4) },
        Element(pattern: "-07:00") { _ in "+00:00" },
        Element(pattern: "-0700") { _ in "+0000" },
        Element(pattern: "-07") { _ in "+00" },
        Element(pattern: "Z07:00") { _ in "Z" },
        Element(pattern: "Z0700") { _ in "Z" },
        Element(pattern: "01") { padded(UInt64($0.month), 2) },
        Element(pattern: "02") { padded(UInt64($0.day), 2) },
        Element(pattern: "03") { padded(UInt64(($0.hour + 11) % 12 + 1), 2) },
        Element(pattern: "04") { padded(UInt64($0.minute), 2) },
        Element(pattern: "05") { padded(UInt64($0.second), 2) },
        Element(pattern: "06") { padded($0.year.magnitude % 100, 2) },
        Element(pattern: "15") { padded(UInt64($0.hour), 2) },
        Element(pattern: "PM") { $0.hour >= 12 ? "PM" : "AM" },
        Element(pattern: "pm") { $0.hour >= 12 ? "pm" : "am" },
        Element(pattern: "_2") { $0.day < 10 ? " \($0.day)" : "\($0.day)" },
        Element(pattern: "1") { String($0.month) },
        Element(pattern: "2") { String($0.day) },
        Element(pattern: "3") { String(($0.hour + 11) % 12 + 1) },
        Element(pattern: "4") { String($0.minute) },
        Element(pattern: "5") { String($0.second) },
    ]

    /// `.000` and `.999` (also with a comma): fractions of a second, with and without zeros at the end.
    private static func fraction(_ rest: Substring, _ time: Civil) -> (length: Int, text: String)? {
        guard let point = rest.first, point == "." || point == ",", let digit = rest.dropFirst().first,
            digit == "0" || digit == "9"
        else { return nil }
        let count = rest.dropFirst().prefix { $0 == digit }.count
        if let after = rest.dropFirst(1 + count).first, after.isNumber { return nil }
        var digits = String(padded(UInt64(time.nanosecond), 9).prefix(count))
        if digit == "9" {
            while digits.last == "0" { digits.removeLast() }
            if digits.isEmpty { return (1 + count, "") }
        }
        return (1 + count, "\(point)\(digits)")
    }

    private static func padded(_ value: UInt64, _ width: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
