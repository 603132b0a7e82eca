/// RFC 3339 in UTC with milliseconds: `2026-11-21T02:41:44.123Z`. The calendar arithmetic is Howard Hinnant's `civil_from_days`.
public func isoTimestamp(_ milliseconds: Int64) -> String {
    let second = floorDivide(milliseconds, by: 1000)
    let milli = milliseconds - second * 1000
    let day = floorDivide(second, by: 86_400)
    let ofDay = second - day * 86_400

    let z = day + 719_468
    let era = floorDivide(z, by: 146_097)
    let dayOfEra = z - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let dayOfMonth = dayOfYear - (153 * shifted + 2) / 5 + 1
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)

    return "\(padded(year, 4))-\(padded(month, 2))-\(padded(dayOfMonth, 2))T"
        + "\(padded(ofDay / 3600, 2)):\(padded(ofDay / 60 % 60, 2)):\(padded(ofDay % 60, 2)).\(padded(milli, 3))Z"
}

private func floorDivide(_ a: Int64, by b: Int64) -> Int64 {
    let quotient = a / b
    return a % b < 0 ? quotient - 1 : quotient
}

private func padded(_ value: Int64, _ width: Int) -> String {
    let digits = "\(abs(value))"
    return (value < 0 ? "-" : "") + String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}
