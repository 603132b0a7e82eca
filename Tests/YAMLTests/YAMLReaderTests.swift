import Support
import Testing
import YAML

@Suite("Reading values")
struct YAMLReaderTests {
    private func read(_ text: String) -> (YAMLReader?, YAMLReport) {
        let report = YAMLReport(file: "f.yml")
        return (report.read(Array(text.utf8)), report)
    }

    static let resolved: [(String, YAMLScalar.Resolved)] = [
        ("", .null), ("~", .null), ("null", .null), ("true", .bool(true)), ("FALSE", .bool(false)), ("yes", .string),
        ("12", .int(12)), ("-12", .int(-12)), ("+12", .int(12)), ("1_000", .int(1000)), ("0x1F", .int(31)), ("010", .int(8)),
        ("0o10", .int(8)), ("0b11", .int(3)), ("-0b11", .int(-3)), ("09", .double(9)), ("1.5", .double(1.5)),
        (".5", .double(0.5)),
        ("1.", .double(1)), ("1e3", .double(1000)), (".inf", .double(.infinity)), ("-.Inf", .double(-.infinity)),
        ("1m", .string), ("+-1", .string), ("-", .string), (".", .string), ("1e", .string), ("9223372036854775807", .int(.max)),
        ("9223372036854775808", .double(9_223_372_036_854_775_808)), ("0x", .string), ("inf", .string),
    ]

    @Test("A plain scalar means what yaml.v3 makes of it", arguments: resolved)
    func resolution(text: String, wanted: YAMLScalar.Resolved) {
        #expect(YAMLScalar(text).resolved == wanted)
        #expect(YAMLScalar(text, style: .doubleQuoted).resolved == .string)
    }

    @Test("All findings of a file come at once, each with its place and a hint")
    func findings() throws {
        let (root, report) = read("interval: 5x\nlistn: 1\nport: seventy\nnames: {a: 1}\nflag: maybe\nwhat: 1\n")
        let fields = try #require(root?.fields(["interval", "listen", "port", "names", "flag", "url"]))
        #expect(fields["interval"]?.duration() == nil)
        #expect(fields["port"]?.int() == nil)
        #expect(fields["names"]?.elements() == nil)
        #expect(fields["flag"]?.bool() == nil)
        #expect(fields.required("url") == nil)
        #expect(
            report.findings.sorted().map(\.description) == [
                "f.yml: 1:1: 'url' is missing",
                "f.yml: 1:11: not a valid duration string: \"5x\"; durations are written like 15s or 1h30m",
                "f.yml: 2:1: unknown key 'listn'; did you mean 'listen'?",
                "f.yml: 3:7: expected a whole number, found a string",
                "f.yml: 4:8: expected a list, found a mapping",
                "f.yml: 5:7: expected true or false, found a string",
                "f.yml: 6:1: unknown key 'what'; known: interval, listen, port, names, flag, url",
            ])
    }

    @Test("Values of the right type are read")
    func values() throws {
        let (root, report) = read("a: 5\nb: 1.5\nc: off\nd: 1m30s\ne: [x, 2, ~]\nf:\n")
        let fields = try #require(root?.fields(["a", "b", "c", "d", "e", "f"]))
        #expect(fields["a"]?.int(in: 0...5) == 5)
        #expect(fields["a"]?.double() == 5)
        #expect(fields["b"]?.double() == 1.5)
        #expect(fields["c"]?.bool() == false)
        #expect(fields["d"]?.duration() == .seconds(90))
        #expect(fields["e"]?.list { $0.string() } == ["x", "2", ""])
        #expect(fields["f"] == nil && fields.has("f"))
        #expect(report.findings.isEmpty)
    }

    @Test("A number out of its range names the range")
    func range() {
        let (root, report) = read("7")
        #expect(root?.int(in: 0...5) == nil)
        #expect(root?.int(in: 8...Int.max) == nil)
        #expect(report.findings.map(\.message) == ["must be between 0 and 5, not 7", "must be at least 8, not 7"])
    }

    static let durations: [(String, Int64?)] = [
        ("0", 0), ("0s", 0), ("1ms", 1), ("1s", 1000), ("1m30s", 90_000), ("1h", 3_600_000), ("1d", 86_400_000),
        ("1w", 604_800_000), ("1y", 31_536_000_000), ("1y2w3d4h5m6s7ms", 33_019_506_007), ("", nil), ("1", nil), ("s", nil),
        ("1m1h", nil), ("1.5h", nil), ("1s1s", nil), ("-1s", nil), ("1 s", nil), ("300y", nil), ("99999999999999999999s", nil),
    ]

    @Test("Durations read as Prometheus reads them", arguments: durations)
    func duration(text: String, wanted: Int64?) {
        #expect((try? PrometheusDuration.milliseconds(text)) == wanted)
    }

    @Test("A duration printed is read as the same duration", arguments: 0..<10)
    func durationRoundTrip(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<50 {
            let value = Int64(random.next() >> (24 + random.next() % 40))
            guard value < Int64.max / 1_000_000 else { continue }
            let text = PrometheusDuration.text(milliseconds: value)
            #expect(try PrometheusDuration.milliseconds(text) == value, "seed \(seed): \(text)")
        }
    }

    @Test("Environment expansion sees every scalar value with its place, and no key")
    func mapping() throws {
        let root = try #require(try YAMLDocument("a: ${X}\nb: [\"${Y}\"]\n${Z}: 1\n").root)
        var seen: [String] = []
        let mapped = root.mappingScalars { scalar, line, column in
            seen.append("\(scalar.text)@\(line):\(column)")
            return "5"
        }
        #expect(seen == ["${X}@1:4", "${Y}@2:5", "1@3:7"])
        #expect(YAMLReader(try #require(mapped["a"]), YAMLReport(file: "")).int() == 5)
    }
}
