import MetricsModel
import Support
import Testing

@testable import Alerting

@Suite("Matchers")
struct RoutingMatcherTests {
    /// After Alertmanager's own table of its parser.
    @Test(
        "Matchers are read as Alertmanager reads them",
        arguments: [
            ("", "{}"), ("{}", "{}"), ("{foo=bar}", #"{foo="bar"}"#), ("{foo=bar,}", #"{foo="bar"}"#),
            ("{foo!=bar}", #"{foo!="bar"}"#), ("{foo=~[a-z]+}", #"{foo=~"[a-z]+"}"#), ("foo!~[a-z]+", #"{foo!~"[a-z]+"}"#),
            ("{foo=🙂}", #"{foo="🙂"}"#), ("foo=bar,", #"{foo="bar"}"#), (#"{"foo"="bar",}"#, #"{foo="bar"}"#),
            (#"{"foo"="\xf0\x9f\x99\x82"}"#, #"{foo="🙂"}"#), (#"{"foo"="\U0001f642"}"#, #"{foo="🙂"}"#),
            (#"{"foo"="bar\n"}"#, #"{foo="bar\n"}"#), (#"{"foo"="\"bar\""}"#, #"{foo="\"bar\""}"#),
            (#"{"foo"="bar\\"}"#, #"{foo="bar\\"}"#), ("foo=bar,bar!=baz", #"{bar!="baz",foo="bar"}"#),
            (#" { foo = "bar" , bar=~ "b|c" } "#, #"{bar=~"b|c",foo="bar"}"#), (#""ü x"="y""#, #"{"ü x"="y"}"#),
            ("service.name=a", #"{service.name="a"}"#),
            // Only the older grammar takes these.
            ("foo=bar baz", #"{foo="bar baz"}"#), (#"foo=~"a\.b|c""#, #"{foo=~"a\\.b|c"}"#), ("foo=", #"{foo=""}"#),
            ("foo=~a{2}", #"{foo=~"a{2}"}"#), (#"{quote="She said: \"Hi, ladies!\""}"#, #"{quote="She said: \"Hi, ladies!\""}"#),
        ])
    func reads(_ text: String, _ printed: String) throws {
        let matchers = try Matchers(parsing: [text])
        #expect(matchers.description == printed)
        #expect(try Matchers(parsing: [printed]).isSame(as: matchers))
    }

    @Test(
        "What is no matcher is refused, with its place",
        arguments: [
            ",", "{,}", "{", "}", "foo", "=bar", "{foo=bar", "foo=~\"[\"", "foo==~bar\"", #""foo"="\xf0\x9f""#,
            "a=b c=d\"", "{{a=b}}",
        ])
    func refuses(_ text: String) {
        #expect(throws: MatcherError.self) { try Matchers(parsing: [text]) }
    }

    @Test("A pattern matches the whole value, a missing label is empty, and all must hold")
    func matches() throws {
        let page = try matchers(#"severity=~"page|critical""#, "team!=none", "quiet!~.+")
        #expect(page.matches(Labels(["severity": "page"])))
        #expect(!page.matches(Labels(["severity": "pager"])))
        #expect(!page.matches(Labels(["severity": "page", "team": "none"])))
        #expect(!page.matches(Labels(["severity": "page", "quiet": "yes"])))
        #expect(try matchers(#"absent="""#).matches(.empty))
    }

    @Test("Whatever is printed is read as the same, and nothing crashes the parser", arguments: 0..<20)
    func fuzz(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let pieces = [
            "a", "é", "\"", "\\", "{", "}", "=", "~", "!", ",", " ", "\n", "'", "`", "n", "x", ".", "|", "\u{FFFD}", "🙂", "\r",
        ]
        for _ in 0..<500 {
            let text = (0..<random.below(12)).map { _ in pieces[random.below(pieces.count)] }.joined()
            if let read = try? Matchers(parsing: [text]) {
                #expect(try Matchers(parsing: [read.description]).isSame(as: read), "seed \(seed): \(text)")
            }
            guard !text.isEmpty else { continue }
            let made = Matchers([
                LabelMatcher(text, equals: pieces[random.below(pieces.count)]), LabelMatcher("b", notEquals: text),
            ])
            #expect(try Matchers(parsing: [made.description]).isSame(as: made), "seed \(seed): \(made)")
        }
    }
}
