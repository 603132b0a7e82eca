/// Random expressions that are well typed.
struct Generator {
    var random: Random

    mutating func vector(_ depth: Int) -> String {
        if depth <= 0 { return selector() }
        switch Int.random(in: 0..<11, using: &random) {
        case 0: return "(\(vector(depth - 1)))"
        case 1: return "-\(selector())"
        case 2:
            return "\(random.pick(["sum", "avg", "min", "max", "count", "stddev", "group"]))\(grouping())(\(vector(depth - 1)))"
        case 3: return "\(random.pick(["topk", "bottomk", "quantile"])) (\(scalar(depth - 1)), \(vector(depth - 1)))\(grouping())"
        case 4:
            let function = random.pick([
                "rate", "increase", "delta", "irate", "sum_over_time", "avg_over_time", "max_over_time", "changes", "resets",
                "deriv",
                "last_over_time", "absent_over_time", "stddev_over_time", "count_over_time",
            ])
            return "\(function)(\(range(depth - 1)))"
        case 5:
            return "\(random.pick(["abs", "ceil", "exp", "sgn", "sort", "absent", "timestamp", "hour"]))(\(vector(depth - 1)))"
        case 6: return "\(vector(depth - 1)) \(random.pick(["+", "-", "*", "/", "%", "^", "atan2"])) \(scalar(depth - 1))"
        case 7: return "\(vector(depth - 1)) \(random.pick([">", "<=", "== bool", "!="]))\(matching()) \(vector(depth - 1))"
        case 8:
            return
                "\(vector(depth - 1)) \(random.pick(["and", "or", "unless"])) \(random.pick(["", "on (a) ", "ignoring (b) "]))\(vector(depth - 1))"
        case 9: return "histogram_quantile(\(scalar(depth - 1)), \(vector(depth - 1)))"
        default: return "label_replace(\(vector(depth - 1)), \"z\", \"$1\", \"a\", \"(.*)\")"
        }
    }

    mutating func scalar(_ depth: Int) -> String {
        switch Int.random(in: 0..<6, using: &random) {
        case 0 where depth > 0: return "scalar(\(vector(depth - 1)))"
        case 1 where depth > 0: return "(\(scalar(depth - 1)) \(random.pick(["+", "*", "> bool"])) \(scalar(depth - 1)))"
        case 2: return "time()"
        case 3: return random.pick(["0.5", "-1", "1e3", "0x1F", "Inf", "NaN", "5m", "07"])
        default: return "\(Int.random(in: 0..<9, using: &random))"
        }
    }

    mutating func range(_ depth: Int) -> String {
        if depth > 0, random.chance(30) {
            return "(\(vector(depth - 1)))[\(duration()):\(random.pick(["", "30s", "1m"]))]\(modifier())"
        }
        return "\(name())[\(duration())]\(modifier())"
    }

    mutating func selector() -> String { name() + modifier() }

    private mutating func name() -> String {
        random.pick([
            "m", "n", "m{a=\"1\"}", "{__name__=~\"m|n\", a!=\"2\"}", "n{b=~\"x.*\",a!~\"3\"}", "{\"m.utf8\",\"l l\"=\"ü\"}",
            "sum", "h_bucket",
        ])
    }

    private mutating func modifier() -> String {
        random.chance(70) ? "" : random.pick([" offset 1m", " offset -30s", " @ 120", " @ start()", " @ end() offset 1m"])
    }

    private mutating func duration() -> String {
        random.pick(["1m", "5m", "90s", "1m30s", "2m + 30s", "max_of(1m, step())", "300"])
    }

    private mutating func grouping() -> String {
        random.chance(40) ? "" : random.pick([" by (a) ", " without (b) ", " by () ", " by (__name__, \"l l\") "])
    }

    private mutating func matching() -> String {
        random.chance(50) ? "" : random.pick([" on (a)", " ignoring (b)", " on (a) group_left ()", " on (b) group_right (a)"])
    }
}
