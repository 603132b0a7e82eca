import PromQL

/// A line of start timestamps: `metric{…}@st _ -1m 0-30sx4`. Each is given as the milliseconds between a sample and its start.
struct StartNotation {
    /// One per position; nil where the start is unknown.
    let offsets: [Int64?]

    /// Nil when the line is not one.
    init?(_ line: String) {
        guard let mark = line.firstRange(of: "@st") else { return nil }
        let before = line[..<mark.lowerBound]
        guard !before.contains(where: { $0 == " " }) || before.last == "}" else { return nil }
        var offsets: [Int64?] = []
        for item in line[mark.upperBound...].split(whereSeparator: { $0 == " " || $0 == "\t" }) {
            let parts = item.split(separator: "x", maxSplits: 1)
            let times = parts.count > 1 ? Int(parts[1]) ?? 0 : nil
            if parts[0] == "_" {
                offsets += [Int64?](repeating: nil, count: times ?? 1)
                continue
            }
            // The second sign, if any, begins the step.
            let stepStart = parts[0].dropFirst().firstIndex { $0 == "+" || $0 == "-" } ?? parts[0].endIndex
            guard let first = Self.duration(parts[0][..<stepStart]), let step = Self.duration(parts[0][stepStart...]) else {
                return nil
            }
            for index in 0...(times ?? 0) { offsets.append(first + Int64(index) * step) }
        }
        self.offsets = offsets
    }

    private static func duration(_ text: Substring) -> Int64? {
        if text.isEmpty { return 0 }
        let digits = text.drop { $0 == "+" || $0 == "-" }
        do {
            let value = try prometheusDuration(String(digits))
            return text.hasPrefix("-") ? -value : value
        } catch {
            return nil
        }
    }
}
