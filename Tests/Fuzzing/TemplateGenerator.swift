/// Random templates of alerts.
enum TemplateGenerator {
    static func template(_ random: inout FuzzRandom, depth: Int = 2) -> String {
        var out = ""
        for _ in 0...random.below(3) {
            switch random.below(depth > 0 ? 9 : 4) {
            case 0: out += random.pick(["text ", "} {", "a\nb", "ü"])
            case 1, 2, 3: out += "{{\(trim(&random))\(pipeline(&random))\(random.pick([" ", " -"]))}}"
            case 4:
                out += "{{ if \(pipeline(&random)) }}\(template(&random, depth: depth - 1)){{ else }}"
                out += "\(template(&random, depth: depth - 1)){{ end }}"
            case 5:
                let variables = random.pick(["", "$i, $e := ", "$e := ", "$k, $v := "])
                out += "{{ range \(variables)\(pipeline(&random)) }}\(template(&random, depth: depth - 1))"
                out += random.pick(["", "{{ break }}", "{{ continue }}", "{{ else }}none"]) + "{{ end }}"
            case 6: out += "{{ with \(pipeline(&random)) }}\(template(&random, depth: depth - 1)){{ end }}"
            case 7: out += "{{ $x := \(pipeline(&random)) }}{{ $x }}{{ $x = 2 }}"
            default:
                let name = random.below(2)
                out +=
                    "{{ define \"t\(name)\" }}\(template(&random, depth: depth - 1)){{ end }}{{ template \"t\(name)\" \(operand(&random)) }}"
            }
        }
        return out
    }

    private static func trim(_ random: inout FuzzRandom) -> String { random.pick([" ", " ", "- ", " /* c */ "]) }

    private static func pipeline(_ random: inout FuzzRandom) -> String {
        var out = command(&random)
        for _ in 0..<random.below(3) {
            out +=
                " | "
                + random.pick([
                    "humanize", "humanize1024", "humanizeDuration", "humanizePercentage", "humanizeTimestamp", "printf \"%.2f\"",
                    "first",
                    "value", "label \"a\"", "toUpper", "title", "stripPort", "stripDomain", "len", "html", "js", "urlquery",
                    "not",
                    "sortByLabel \"a\"", "toTime", "toDuration", "reReplaceAll \"(.)\" \"$1\"", "match \"a\"", "print", "index 0",
                ])
        }
        return out
    }

    private static func command(_ random: inout FuzzRandom) -> String {
        switch random.below(8) {
        case 0:
            let verb = random.pick([
                "%v", "%d", "%5.1f", "%-8s|", "%q", "%x", "%e", "%g", "%+d", "%08.3f", "%T", "%[1]v", "%*d", "%%", "%",
            ])
            return "printf \"\(verb) \(verb)\" \(operand(&random)) \(operand(&random))"
        case 1: return "\(random.pick(["eq", "ne", "lt", "le", "gt", "ge"])) \(operand(&random)) \(operand(&random))"
        case 2: return "\(random.pick(["and", "or", "print", "println", "args"])) \(operand(&random)) \(operand(&random))"
        case 3: return "index \(operand(&random)) \(operand(&random))"
        case 4: return "slice \(operand(&random)) \(random.below(4)) \(random.below(4))"
        case 5: return "query \"\(random.pick(["up", "m > 1", "sum(", "vector(1)"]))\""
        case 6: return "(\(operand(&random))).\(random.pick(["Labels", "Value", "a", "Nope"]))"
        default: return operand(&random)
        }
    }

    private static func operand(_ random: inout FuzzRandom) -> String {
        random.pick([
            "$value", "$labels", "$labels.a", ".Labels.instance", ".Value", ".", "$", "$externalURL", "1", "-2.5", "1e300",
            "0x1F", "'a'",
            "\"s\"", "`raw`", "true", "nil", "(query \"up\")", "(printf \"%d\" 3)", "$x", "$i", "$e", "$v.Labels", "(len \"ab\")",
            "now",
            "(parseDuration \"1h\")", "9223372036854775807", ".Nope",
        ])
    }
}
