/// `[a-zA-Z_:][a-zA-Z0-9_:]*` (https://prometheus.io/docs/concepts/data_model/)
func isMetricName(_ text: String) -> Bool { isName(text, colons: true) }

/// `[a-zA-Z_][a-zA-Z0-9_]*`, without the reserved `__` in front.
func isLabelName(_ text: String) -> Bool { isName(text, colons: false) && !text.hasPrefix("__") }

private func isName(_ text: String, colons: Bool) -> Bool {
    func isLetter(_ byte: UInt8) -> Bool {
        byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z") || byte == UInt8(ascii: "_")
            || colons && byte == UInt8(ascii: ":")
    }
    guard let first = text.utf8.first, isLetter(first) else { return false }
    return text.utf8.allSatisfy { isLetter($0) || ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9")) }
}
