/// Texts of the smaller languages, and texts that are almost right.
enum TextGenerator {
    /// Changes a few bytes: what parsers meet when people type.
    static func mutated(_ text: String, _ random: inout FuzzRandom) -> String {
        var bytes = Array(text.utf8)
        for _ in 0...random.below(4) {
            guard !bytes.isEmpty else { return "" }
            let place = random.below(bytes.count)
            switch random.below(7) {
            case 0: bytes.remove(at: place)
            case 1: bytes.insert(bytes[random.below(bytes.count)], at: place)
            case 2: bytes[place] = UInt8(truncatingIfNeeded: random.below(256))
            case 3: bytes.insert(contentsOf: Array(random.pick(tokens).utf8), at: place)
            case 4: bytes.removeSubrange(place..<min(bytes.count, place + random.below(8)))
            case 5: bytes.swapAt(place, random.below(bytes.count))
            default:
                bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + random.below(12))], at: random.below(bytes.count))
            }
            if bytes.count > 2000 { bytes.removeSubrange(2000...) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static let tokens = [
        "(", ")", "[", "]", "{", "}", "{{", "}}", "\"", "'", "`", "\\", ",", ":", "@", "offset", "by", "on", "group_left", "bool",
        "#",
        "5m", "1e999", "0x", "_", "-", "+", "^", "=~", "!~", "step()", "start()", "sum", "inf", "x3", "stale", "\u{0}",
        "\u{FFFD}",
        "𝄞", "e\u{301}", "\\u", "\\xff", "fill", "anchored", "$", "(?", "*", "{2,3}", "\\p{", "[^", "|", "end", "range", "else",
        ":=",
        "9223372036854775808", "99999999999999999999y",
    ]

    static func bytes(_ random: inout FuzzRandom) -> String {
        let alphabet = Array("abmx_:09.5eE+-*/%^=!~<>(){}[]\"'`\\,@# \n\t$|?sumbyonoffsetor".utf8)
        let count = random.below(48)
        var bytes: [UInt8] = []
        for _ in 0..<count {
            bytes.append(random.chance(4) ? UInt8(truncatingIfNeeded: random.below(256)) : random.pick(alphabet))
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func series(_ random: inout FuzzRandom) -> String {
        var out = random.pick(["m", "m{a=\"1\"}", "{}", "{\"m.utf8\",\"l l\"='ü'}", "sum{le=`+Inf`,}", "c_total{a=\"\\n\"}"])
        for _ in 0..<random.below(6) {
            let first = random.pick(["1", "-1.5e3", "NaN", "Inf", "0", ".5", "1e308", "5m", "7"])
            out += random.pick([" ", "  "])
            out += random.pick([
                first, "\(first)x\(random.below(9))", "\(first)+2x\(random.below(9))", "\(first)-0.5x3", "_",
                "_x\(random.below(9))",
                "stale", "stalex2",
            ])
        }
        return out
    }

    static func pattern(_ random: inout FuzzRandom, depth: Int = 3) -> String {
        var out = ""
        for _ in 0...random.below(4) {
            switch random.below(depth > 0 ? 10 : 6) {
            case 0: out += random.pick(["a", "b", "ab", "0", "ü", "\\.", "\\d", "\\w+", "\\pL", "\\Q.*\\E"])
            case 1: out += random.pick([".", "[a-c]", "[^0-9]", "[[:alpha:]]", "[]a]", "$", "^", "\\b"])
            case 2: out += random.pick(["a*", "b+?", "x{2,3}", "a?", "(?i)X", "c{0}"])
            case 3: out += "|"
            case 4, 5: out += random.pick(["foo", "bar", "1", "2", "x"])
            case 6: out += "(\(pattern(&random, depth: depth - 1)))"
            case 7: out += "(?:\(pattern(&random, depth: depth - 1)))\(random.pick(["", "*", "+", "{2}", "{1,9}"]))"
            case 8: out += "(?P<n\(random.below(3))>\(pattern(&random, depth: depth - 1)))"
            default: out += "(?s-i:\(pattern(&random, depth: depth - 1)))"
            }
        }
        return out
    }
}
