/// Instants as text.
public enum Timestamp {
    /// RFC 3339 in UTC, with milliseconds where there are any: `2026-11-21T03:00:00.5Z`.
    public static func rfc3339(milliseconds: Int64) -> String {
        let (nanoseconds, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        let bounded = overflow ? (milliseconds < 0 ? Int64.min : Int64.max) : nanoseconds
        return GoTime.format(nanoseconds: bounded, layout: "2006-01-02T15:04:05.999Z07:00")
    }

    /// RFC 3339 as milliseconds since the epoch; nil when it is none.
    public static func milliseconds(rfc3339 text: String) -> Int64? { GoTime.milliseconds(rfc3339: text) }

    /// Reads seconds since the epoch (`1732158000.5`) or RFC 3339 as milliseconds since the epoch; nil for anything else.
    public static func milliseconds(_ text: String) -> Int64? {
        if let seconds = goParseFloat(text) {
            return seconds.magnitude < 9e15 ? Int64((seconds * 1_000).rounded(.down)) : nil
        }
        return GoTime.milliseconds(rfc3339: text)
    }
}

extension GoTime {
    /// `time.Parse(time.RFC3339Nano, text)`, in milliseconds since the epoch.
    static func milliseconds(rfc3339 text: String) -> Int64? {
        var rest = text.utf8[...]
        func number(_ digits: Int) -> Int64? {
            let part = rest.prefix(digits)
            guard part.count == digits, part.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            rest = rest.dropFirst(digits)
            return part.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
        }
        func take(_ wanted: Character) -> Bool {
            guard rest.first == wanted.asciiValue else { return false }
            rest = rest.dropFirst()
            return true
        }
        guard let year = number(4), take("-"), let month = number(2), take("-"), let day = number(2), take("T"),
            let hour = number(2), take(":"), let minute = number(2), take(":"), let second = number(2),
            (1...12).contains(month), day >= 1, day <= days(in: month, of: year), hour < 24, minute < 60, second < 60
        else { return nil }
        var fraction: Int64 = 0
        if take(".") {
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            guard !digits.isEmpty else { return nil }
            rest = rest.dropFirst(digits.count)
            fraction = (Array(digits.prefix(3)) + [0x30, 0x30]).prefix(3).reduce(0) { $0 * 10 + Int64($1 - 0x30) }
        }
        var zone: Int64 = 0
        if !take("Z") {
            guard let sign = rest.first, sign == 0x2B || sign == 0x2D else { return nil }
            rest = rest.dropFirst()
            guard let hours = number(2), take(":"), let minutes = number(2), hours <= 24, minutes < 60 else { return nil }
            zone = (hours * 60 + minutes) * (sign == 0x2D ? -60 : 60)
        }
        guard rest.isEmpty else { return nil }
        let seconds = daysSinceEpoch(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - zone
        return seconds * 1_000 + fraction
    }

    private static func days(in month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Hinnant, "chrono-Compatible Low-Level Date Algorithms", 2013; years from 0 on.
    private static func daysSinceEpoch(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
