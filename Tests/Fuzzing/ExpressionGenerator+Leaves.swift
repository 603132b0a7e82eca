extension ExpressionGenerator {
    mutating func selector() -> String {
        switch random.below(8) {
        case 0: return "{\(nonEmptyMatcher())\(random.chance(30) ? "," + matcher() : "")}"
        case 1: return "{\"\(random.pick(["m.utf8", "m", "no such"]))\"\(random.chance(40) ? ",\(matcher())," : "")}"
        case 2: return "\(metric()){\(matcher())}"
        case 3: return "\(metric()){\(matcher()),\(matcher())\(random.chance(20) ? "," : "")}"
        case 4: return "\(metric()){}"
        default: return metric()
        }
    }

    private mutating func metric() -> String {
        random.pick([
            "m", "m", "n", "c_total", "c_total", "h_bucket", "g:rule", "none", "sum", "by", "offset", "and", "start", "step",
            "anchored", "fill", "target_info",
        ])
    }

    mutating func labelName() -> String { random.pick(["a", "b", "le", "instance", "__name__", "l l", "z"]) }

    mutating func matcher() -> String {
        let name = random.pick(["a", "b", "le", "instance", "__name__", "\"l l\"", "sum"])
        let op = random.pick(["=", "!=", "=~", "!~"])
        let value = random.pick(["1", "2", "", "x", "1|2", ".*", ".+", "[0-9]", "ü", "a\\\\.b", "(?i:X)"])
        return "\(name)\(space())\(op)\(space())\(random.pick(["\"\(value)\"", "'\(value)'", "`\(value)`"]))"
    }

    private mutating func nonEmptyMatcher() -> String {
        random.pick(["__name__=~\"m|n\"", "a!=\"\"", "__name__=\"m\"", "le=~\".+\"", "\"l l\"=\"ü\"", "a=~\"1|2\""])
    }

    mutating func labelList() -> String {
        let count = random.below(4)
        var names: [String] = []
        for _ in 0..<count { names.append(random.pick(["a", "b", "le", "__name__", "\"l l\"", "sum", "on", "instance"])) }
        return names.joined(separator: ", ") + (count > 0 && random.chance(10) ? "," : "")
    }

    mutating func modifiers(isSubquery: Bool = false) -> String {
        var out = ""
        if !isSubquery, random.chance(6) { out += random.pick([" anchored", " smoothed"]) }
        if random.chance(15) { out += " @ \(random.pick(["start()", "end()", "60", "-1.5", "0", "1e9", "9e15", "5m"]))" }
        if random.chance(20) {
            out +=
                " offset \(random.pick(["1m", "-30s", "5", "(1m + 2)", "-(step())", "step()", "max_of(1m, 2m)", "200y", "-200y"]))"
        }
        return out
    }

    mutating func duration() -> String {
        switch random.below(12) {
        case 0: return "\(duration()) \(random.pick(["+", "*"])) \(random.pick(["1m", "2", "30s"]))"
        case 1: return "(\(duration()))"
        case 2:
            return random.pick(["max_of(1m, step())", "min_of(1m, range() + 1s)", "2 ^ 3", "10m / 3", "7m % 4m", "step() + 1"])
        case 3: return random.pick(["1ms", "1y", "1w2d", "0x10", "1_0", "1e2", "0.5"])
        default: return random.pick(["1m", "5m", "90s", "2m30s", "10m", "30s", "300", "1h"])
        }
    }

    mutating func number() -> String {
        switch random.below(6) {
        case 0: random.pick(["Inf", "-Inf", "NaN", "+inf", "nan", "0", "-0"])
        case 1: random.pick(["0x1F", "07", "1_000", ".5", "1.", "1e3", "1E-3", "1e308", "4.9e-324", "1e-7", "123456789.123"])
        case 2: random.pick(["5m", "1h30m", "90s", "1ms"])
        case 3: random.pick(["0.5", "0.9", "0.99", "-1", "2", "1.1"])
        default: "\(random.below(12))"
        }
    }

    mutating func string() -> String {
        let text = random.pick(["", "a", "l l", "ü", "\\n\\t", "\\x41", "\\u00e9", "\\\\", "z", "__name__", "$1", "1.5"])
        return random.pick(["\"\(text)\"", "'\(text)'", "`\(text)`"])
    }

    mutating func space() -> String {
        random.chance(90) ? "" : random.pick([" ", "  ", "\t", "\n", " # why\n", "\r\n"])
    }
}
