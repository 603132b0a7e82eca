import MetricsModel
import Support
import Testing

@testable import Alerting

@Suite("Templates")
struct TemplateTests {
    private func expand(_ text: String, value: Double = 5, labels: [String: String] = ["instance": "db:9187", "job": "pg"])
        -> String
    {
        let series = MemorySeries()
        series.append("up", ["instance": "b"], at: 0, 2)
        series.append("up", ["instance": "a"], at: 0, 1)
        let context = TemplateContext(settings: RuleSettings(), timestamp: 1_000, source: series, language: PromQLLanguage())
        do {
            return try Template.alertTemplate(text, alert: "X").expand(labels: Labels(labels), value: value, context)
        } catch {
            return "PARSE " + error.description
        }
    }

    static let texts: [(String, String)] = [
        ("plain } text {", "plain } text {"),
        ("{{ $value }}", "5"),
        ("{{ $labels }}", "map[instance:db:9187 job:pg]"),
        ("{{ .Labels.nope }}|", "|"),
        ("a {{- 1 -}} b", "a1b"),
        ("a{{/* comment */}}b{{- /* c */ -}} c", "abc"),
        ("{{ if gt $value 4.0 }}hi{{ else if eq $value 1.0 }}one{{ else }}lo{{ end }}", "hi"),
        ("{{ with $labels.job }}{{ . }}{{ else }}none{{ end }}", "pg"),
        ("{{ range $k, $v := $labels }}{{ $k }}={{ $v }};{{ end }}", "instance=db:9187;job=pg;"),
        ("{{ range query \"nothing\" }}x{{ else }}empty{{ end }}", "empty"),
        ("{{ range query \"up\" | sortByLabel \"instance\" }}{{ .Labels.instance }}={{ .Value }} {{ end }}", "a=1 b=2 "),
        ("{{ range $i, $e := query \"up\" }}{{ if eq $i 1 }}{{ break }}{{ end }}x{{ end }}", "x"),
        ("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}", "2"),
        ("{{ define \"t\" }}<{{ . }}>{{ end }}{{ template \"t\" $labels.job }}", "<pg>"),
        ("{{ printf \"%.2f|%5d|%-4s|%q|%v|%%|%x\" $value 42 \"ab\" \"q\" true 255 }}", "5.00|   42|ab  |\"q\"|true|%|ff"),
        ("{{ printf \"%d %s\" $value 5 }}", "%!d(float64=5) %!s(int=5)"),
        ("{{ printf \"%d\" }}{{ printf \"x\" 1 }}{{ printf \"%\" }}", "%!d(MISSING)x%!(EXTRA int=1)%!(NOVERB)"),
        ("{{ 1234567.0 | humanize }} {{ 0.00012 | humanize }} {{ 3e9 | humanize1024 }}", "1.235M 120u 2.794Gi"),
        ("{{ 93784 | humanizeDuration }} {{ 0.25 | humanizePercentage }}", "1d 2h 3m 4s 25%"),
        ("{{ 1643114203 | humanizeTimestamp }}", "2022-01-25 12:36:43 +0000 UTC"),
        ("{{ reReplaceAll \"(.*):.*\" \"$1\" $labels.instance }} {{ match \"^d\" $labels.instance }}", "db true"),
        ("{{ title \"aa bb\" }} {{ toUpper \"é\" }} {{ stripPort $labels.instance }}", "Aa Bb É db"),
        ("{{ and 1 0 }} {{ or 0 \"x\" }} {{ not 1 }} {{ len \"abc\" }} {{ index $labels \"job\" }}", "0 x false 3 pg"),
        ("{{ $value | printf \"%.1f%%\" | toUpper }}", "5.0%"),
        ("{{ (query \"up\" | first).Labels.instance | len }}", "1"),
        ("{{ eq 1 2 1 }} {{ lt \"a\" \"b\" }} {{ ne 1 2 }}", "true true true"),
    ]

    @Test("Templates print what Go prints", arguments: texts)
    func text(template: String, wanted: String) {
        #expect(expand(template) == wanted)
    }

    static let failures: [(String, String)] = [
        ("{{ ge $value 1 }}", "error calling ge: incompatible types for comparison: float64 and int>"),
        ("{{ .Nope }}", "can't evaluate field Nope in type struct"),
        ("{{ toUpper 5 }}", "expected string; found 5"),
        ("{{ toUpper $value }}", "wrong type for value; expected string; got float64"),
        ("{{ humanize \"x\" }}", "error calling humanize: strconv.ParseFloat: parsing \"x\": invalid syntax"),
        ("{{ query \"sum(\" }}", "error calling query: 1:"),
        ("{{ index $labels 1 }}", "value has type int; should be string"),
        ("{{ template \"none\" }}", "template \"none\" not defined"),
        ("{{ define \"a\" }}{{ template \"a\" }}{{ end }}{{ template \"a\" }}", "exceeded maximum template depth"),
        ("{{ humanize }}", "wrong number of args for humanize: want 1 got 0"),
        ("{{ range 2000000 }}{{ end }}", "the expansion takes more than"),
        ("{{ printf \"%1000000d\" 1 }}{{ printf \"%1000000d\" 1 }}", "the text grows beyond"),
    ]

    @Test("A failure becomes text that says where and why", arguments: failures)
    func failure(template: String, part: String) {
        let text = expand(template)
        #expect(
            text.hasPrefix("<error expanding template: error executing template __alert_X: template: __alert_X:1:"), "\(text)")
        #expect(text.contains(part), "\(text)")
    }

    static let unparsable: [(String, String)] = [
        ("{{", "unclosed action"), ("{{ if }}", "missing value for if"), ("{{ if 1 }}", "unexpected EOF"),
        ("{{ end }}", "unexpected {{end}}"), ("{{ nope }}", "function \"nope\" not defined"),
        ("{{ $x }}", "undefined variable \"$x\""), ("{{ \"a }}", "unterminated quoted string"),
        ("{{ break }}", "{{break}} outside {{range}}"), ("{{ 1 | 2 }}", "non executable command in pipeline stage 2"),
        ("{{ (1 }}", "unclosed left paren"), ("{{ 1) }}", "unexpected right paren"), ("{{ /* x }}", "unexpected \"/\""),
        ("a\nb{{ x\n", "function \"x\" not defined"),
    ]

    @Test("What does not parse is refused with the line", arguments: unparsable)
    func parseFailure(template: String, part: String) {
        let text = expand(template)
        #expect(text.hasPrefix("PARSE template: __alert_X:"), "\(text)")
        #expect(text.contains(part), "\(text)")
    }

    @Test("No mutated template makes the parser or the expansion crash or hang", arguments: 0..<20)
    func fuzz(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let parts =
            Self.texts.map(\.0) + Self.failures.map(\.0).filter { !$0.contains("000000") } + Self.unparsable.map(\.0)
            + [
                "{{", "}}", "{{-", "-}}", "|", "(", ")", "$", ".", "\"", "`", "'", ":=", ",", "\u{A0}", "é", "\0", "0x", "1e",
                "%",
            ]
        for _ in 0..<60 {
            var bytes: [UInt8] = []
            for _ in 0...random.below(4) { bytes += parts[random.below(parts.count)].utf8 }
            for _ in 0..<random.below(6) where !bytes.isEmpty {
                let place = random.below(bytes.count)
                switch random.below(3) {
                case 0: bytes.remove(at: place)
                case 1: bytes.insert(bytes[random.below(bytes.count)], at: place)
                default: bytes.swapAt(place, random.below(bytes.count))
                }
            }
            let text = expand(String(decoding: bytes, as: UTF8.self))
            #expect(text.utf8.count < 2 << 20, "seed \(seed)")
        }
    }

    static let floats: [(Double, String)] = [
        (0, "0"), (-0.0, "-0"), (1, "1"), (100_000, "100000"), (1e6, "1e+06"), (1_234_567, "1.234567e+06"), (1e-4, "0.0001"),
        (1e-5, "1e-05"), (123_456.789, "123456.789"), (1e21, "1e+21"), (1e100, "1e+100"), (.leastNonzeroMagnitude, "5e-324"),
        (.infinity, "+Inf"),
        (-.infinity, "-Inf"), (.nan, "NaN"), (0.1 + 0.2, "0.30000000000000004"),
    ]

    @Test("Floats print as Go's %v", arguments: floats)
    func float(value: Double, wanted: String) {
        #expect(GoFloat.general(value) == wanted)
    }

    @Test("A float printed is read as the same float", arguments: 0..<10)
    func floatRoundTrip(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            let value = Double(bitPattern: random.next())
            guard value.isFinite else { continue }
            #expect(goParseFloat(GoFloat.general(value)) == value, "seed \(seed)")
        }
    }
}
