/// A number as Go's strconv.FormatFloat writes it with the fewest digits that read back alike: what Prometheus' API answers with.
enum GoNumber {
    /// `'e'`: `8.7e+01`, the value of an alert.
    static func exponent(_ value: Double) -> String {
        guard let parts = Parts(value) else { return special(value) }
        let rest = parts.digits.dropFirst()
        let mantissa = rest.isEmpty ? String(parts.digits) : "\(parts.digits.prefix(1)).\(rest)"
        let exponent = parts.digits == "0" ? 0 : parts.point - 1
        let size = abs(exponent)
        return "\(parts.sign)\(mantissa)e\(exponent < 0 ? "-" : "+")\(size < 10 ? "0" : "")\(size)"
    }

    /// `'f'`, and `'e'` below 1e-6 and from 1e21 on, as Prometheus' jsonutil.MarshalFloat.
    static func plain(_ value: Double) -> String {
        guard let parts = Parts(value) else { return special(value) }
        let size = abs(value)
        if size != 0, size < 1e-6 || size >= 1e21 { return exponent(value) }
        if parts.digits == "0" { return "\(parts.sign)0" }
        if parts.point <= 0 { return "\(parts.sign)0.\(String(repeating: "0", count: -parts.point))\(parts.digits)" }
        let length = parts.digits.utf8.count
        if parts.point >= length { return "\(parts.sign)\(parts.digits)\(String(repeating: "0", count: parts.point - length))" }
        return "\(parts.sign)\(parts.digits.prefix(parts.point)).\(parts.digits.dropFirst(parts.point))"
    }

    private static func special(_ value: Double) -> String {
        value.isNaN ? "NaN" : value > 0 ? "+Inf" : "-Inf"
    }

    /// `0.DIGITS` times ten to the `point`.
    private struct Parts {
        let sign: String
        let digits: String
        let point: Int

        /// nil for NaN and infinities.
        init?(_ value: Double) {
            guard value.isFinite else { return nil }
            sign = value.sign == .minus ? "-" : ""
            // Swift writes the fewest digits too: `1e-07`, `12.5`, `1e+21`.
            let text = "\(value.magnitude)"
            let halves = text.split(separator: "e", maxSplits: 1)
            let exponent = halves.count > 1 ? Int(halves[1]) ?? 0 : 0
            let mantissa = (halves.first ?? "0").split(separator: ".", maxSplits: 1)
            let whole = mantissa.first ?? "0"
            let fraction = mantissa.count > 1 ? mantissa[1] : ""
            let all = String(whole) + fraction
            let significant = all.drop { $0 == "0" }
            guard !significant.isEmpty else {
                digits = "0"
                point = 1
                return
            }
            point = whole.utf8.count + exponent - (all.utf8.count - significant.utf8.count)
            var kept = significant
            while kept.last == "0" { kept.removeLast() }
            digits = String(kept)
        }
    }
}
