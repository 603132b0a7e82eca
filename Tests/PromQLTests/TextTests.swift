import MetricsModel
import PromQL
import Testing

@Suite("Texts")
struct TextTests {
    @Test(
        "Numbers print as Go prints them",
        arguments: [
            (1e6, "1e+06", "1000000"), (123_456, "123456", "123456"), (0.00001, "1e-05", "0.00001"), (-0.0, "-0", "-0"),
            (.infinity, "+Inf", "+Inf"), (1.5e300, "1.5e+300", "15" + String(repeating: "0", count: 299)),
            (1_234_567, "1.234567e+06", "1234567"),
        ])
    func numbers(value: Double, general: String, fixed: String) {
        #expect(goGeneralText(value) == general)
        #expect(goFixedText(value) == fixed)
    }

    @Test(
        "Durations read and print",
        arguments: [("1h30m", 5_400_000, "1h30m"), ("90s", 90_000, "1m30s"), ("14d", 1_209_600_000, "2w"), ("0", 0, "0s")])
    func durations(text: String, milliseconds: Int64, printed: String) throws {
        #expect(try prometheusDuration(text) == milliseconds)
        #expect(durationText(milliseconds: milliseconds) == printed)
    }

    @Test("Wrong durations are refused", arguments: ["", "1", "5", "1m1h", "1.5h", "m", "1x", "300000000000y"])
    func wrongDurations(text: String) {
        #expect(throws: PromQLError.self) { try prometheusDuration(text) }
    }

    @Test("Patterns are anchored, and a dot matches a newline")
    func patterns() throws {
        let pattern = try RegularExpression("a.*b")
        #expect(pattern.matches("a\nb"))
        #expect(!pattern.matches("xab"))
        #expect(pattern.literals == nil)
        #expect(try RegularExpression("foo|bar").literals == ["foo", "bar"])
        #expect(try RegularExpression("").matches(""))
        #expect(throws: PromQLError.self) { try RegularExpression("a{1001}{1001}") }
    }

    @Test("Patterns keep the corners of Go's syntax")
    func goPatterns() throws {
        #expect(try RegularExpression("(?<y>b)", isAnchored: false).groupIndex(named: "y") == 1)
        #expect(try RegularExpression("[(?<]a\\(?<").matches("(a(<"))
        #expect(try RegularExpression("a|ab").matches("ab"))
    }

    @Test("Matches are replaced as Go replaces them")
    func replacing() throws {
        func replaced(_ pattern: String, _ text: String, _ template: String) throws -> String {
            try RegularExpression(pattern, isAnchored: false).replacingMatches(in: text, with: template)
        }
        #expect(try replaced("a(x*)b", "-ab-axxb-", "${1}W") == "-W-xxW-")
        #expect(try replaced("a(x*)b", "-ab-axxb-", "$1W") == "--xx-".replacing("xx", with: ""))
        #expect(try replaced("", "ab", "-") == "-a-b-")
        #expect(try replaced("(?P<y>b)", "abc", "<$y$$>") == "a<b$>c")
    }

    @Test("Series notation gives values per step")
    func series() throws {
        let series = try SeriesNotation("m{a=\"b\"} 1 _ 2+3x2 stale -1x1 _x2")
        #expect(series.labels.description == "m{a=\"b\"}")
        #expect(
            series.values.map { $0.map { isStaleMarker($0) ? "stale" : goGeneralText($0) } ?? "_" }
                == ["1", "_", "2", "5", "8", "stale", "-1", "-1", "_", "_"])
        #expect(throws: PromQLError.self) { try SeriesNotation("m 1x99999999999") }
        #expect(throws: PromQLError.self) { try SeriesNotation("m {{schema:0}}") }
    }
}
