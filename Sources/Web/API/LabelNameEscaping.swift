/// The label name behind the form in which it stands in a path: `U__` and then every character that is no letter, digit or colon as
/// `_HEX_`, an underscore as two (prometheus/common, model.UnescapeName with values encoding). What is not in that form is itself.
func unescapedLabelName(_ name: String) -> String {
    guard name.utf8.starts(with: "U__".utf8) else { return name }
    let underscore = UInt8(ascii: "_")
    var rest = name.utf8.dropFirst(3)
    var out: [UInt8] = []
    while let byte = rest.popFirst() {
        guard byte == underscore else {
            out.append(byte)
            continue
        }
        guard let next = rest.first else { return name }
        if next == underscore {
            rest.removeFirst()
            out.append(underscore)
            continue
        }
        // Up to six digits: the highest scalar is 10FFFF.
        let digits = rest.prefix { $0 != underscore }
        guard digits.count <= 6, digits.endIndex < rest.endIndex else { return name }
        var code: UInt32 = 0
        for digit in digits {
            guard let value = hexValue(digit) else { return name }
            code = code << 4 | UInt32(value)
        }
        guard let scalar = Unicode.Scalar(code) else { return name }
        out += String(Character(scalar)).utf8
        rest = rest.dropFirst(digits.count + 1)
    }
    return String(decoding: out, as: UTF8.self)
}
