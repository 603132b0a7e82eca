#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The functions that work on each value alone.
func elementwise(_ kind: Function.Kind) -> ((Double) -> Double)? {
    switch kind {
    case .abs: { $0.magnitude }
    case .acos: { acos($0) }
    case .acosh: { acosh($0) }
    case .asin: { asin($0) }
    case .asinh: { asinh($0) }
    case .atan: { atan($0) }
    case .atanh: { atanh($0) }
    case .ceil: { $0.rounded(.up) }
    case .cos: { cos($0) }
    case .cosh: { cosh($0) }
    case .deg: { $0 * 180 / .pi }
    case .exp: { exp($0) }
    case .floor: { $0.rounded(.down) }
    case .ln: { log($0) }
    case .log10: { log10($0) }
    case .log2: { log2($0) }
    case .rad: { $0 * .pi / 180 }
    case .sgn: { $0 < 0 ? -1 : $0 > 0 ? 1 : $0 }
    case .sin: { sin($0) }
    case .sinh: { sinh($0) }
    case .sqrt: { $0.squareRoot() }
    case .tan: { tan($0) }
    case .tanh: { tanh($0) }
    default: nil
    }
}

func power(_ a: Double, _ b: Double) -> Double { pow(a, b) }

func arcTangent(_ a: Double, _ b: Double) -> Double { atan2(a, b) }

/// Go's math.Max: NaN when either is.
func goMax(_ a: Double, _ b: Double) -> Double { a.isNaN || b.isNaN ? .nan : max(a, b) }

/// Go's math.Min: NaN when either is.
func goMin(_ a: Double, _ b: Double) -> Double { a.isNaN || b.isNaN ? .nan : min(a, b) }

/// A field of the UTC date at `seconds` since the epoch; NaN where there is no such date.
func dateField(_ kind: Function.Kind, _ seconds: Double) -> Double {
    guard seconds.magnitude < 1e15 else { return .nan }
    let whole = Int64(seconds)
    let day = (whole - (whole % 86_400 + 86_400) % 86_400) / 86_400
    let inDay = whole - day * 86_400
    let (year, month, dayOfMonth) = civilDate(day)
    switch kind {
    case .minute: return Double(inDay / 60 % 60)
    case .hour: return Double(inDay / 3600)
    case .dayOfWeek: return Double(((day + 4) % 7 + 7) % 7)
    case .dayOfMonth: return Double(dayOfMonth)
    case .dayOfYear: return Double(day - dayNumber(year, 1, 1) + 1)
    case .daysInMonth:
        let next = month == 12 ? dayNumber(year + 1, 1, 1) : dayNumber(year, month + 1, 1)
        return Double(next - dayNumber(year, month, 1))
    case .month: return Double(month)
    default: return Double(year)
    }
}

/// The proleptic Gregorian date of a day since 1970-01-01 (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").
private func civilDate(_ day: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = day + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
}

/// The inverse of `civilDate`.
private func dayNumber(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let year = month <= 2 ? year - 1 : year
    let era = (year >= 0 ? year : year - 399) / 400
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
}
