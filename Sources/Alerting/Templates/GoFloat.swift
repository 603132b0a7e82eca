import Glibc

/// Floats as Go prints them.
enum GoFloat {
    /// `%v`: the shortest digits that read back as the value, positional from 1e-4 up to a million.
    static func general(_ value: Double) -> String {
        if let special = special(value) { return special }
        if value == 0 { return value.sign == .minus ? "-0" : "0" }
        let (digits, point) = shortest(value)
        let exponent = point - 1
        let sign = value < 0 ? "-" : ""
        if exponent < -4 || exponent >= 6 {
            let mantissa = digits.count > 1 ? "\(digits.prefix(1)).\(digits.dropFirst())" : digits
            let magnitude = String(exponent.magnitude)
            return sign + mantissa + (exponent < 0 ? "e-" : "e+") + (magnitude.count == 1 ? "0" : "") + magnitude
        }
        return sign + positional(digits, point)
    }

    /// `%e`, `%f` and `%g` with flags and a precision, as C prints them; both languages agree but for the special values.
    static func formatted(_ value: Double, verb: Character, precision: Int?) -> String {
        if let special = special(value) { return special }
        if precision == nil, verb == "g" || verb == "G" {
            return verb == "g" ? general(value) : general(value).uppercased()
        }
        let format = "%." + String(min(precision ?? 6, 1_000)) + String(verb)
        return withVaList([value]) { arguments in
            var buffer = [CChar](repeating: 0, count: 1_500)
            let length = vsnprintf(&buffer, buffer.count, format, arguments)
            return String(decoding: buffer.prefix(Int(max(0, length))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    static func special(_ value: Double) -> String? {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return nil
    }

    /// The digits without leading and trailing zeros, and where the point stands: 0.DIGITS × 10^point.
    static func shortest(_ value: Double) -> (digits: String, point: Int) {
        var digits = ""
        var point = 0
        var exponent = 0
        var isPastPoint = false
        var text = value.magnitude.description[...]
        if let mark = text.firstIndex(of: "e") {
            exponent = Int(text[text.index(after: mark)...]) ?? 0
            text = text[..<mark]
        }
        for character in text {
            if character == "." {
                isPastPoint = true
            } else if digits.isEmpty, character == "0" {
                if isPastPoint { point -= 1 }
            } else {
                digits.append(character)
                if !isPastPoint { point += 1 }
            }
        }
        while digits.last == "0" { digits.removeLast() }
        return (digits, point + exponent)
    }

    static func positional(_ digits: String, _ point: Int) -> String {
        if point <= 0 { return "0." + String(repeating: "0", count: -point) + digits }
        if point >= digits.count { return digits + String(repeating: "0", count: point - digits.count) }
        return digits.prefix(point) + "." + digits.dropFirst(point)
    }
}

/// Go's conversion of a float to an int64 on amd64: towards zero, and the least where it does not fit.
func goInt64(_ value: Double) -> Int64 {
    Int64(exactly: value.rounded(.towardZero)) ?? .min
}
