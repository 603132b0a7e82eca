import MetricsModel
import PromQL
import Testing

@Suite("Parsing")
struct ParserTests {
    @Test(
        "Operators bind as the language says",
        arguments: [
            ("1 + 2 * 3 ^ 2 ^ 2", "(1 + (2 * (3 ^ (2 ^ 2))))"),
            ("- a ^ 2", "-(a ^ 2)"),
            ("a or b and c unless d == e", "(a or ((b and c) unless (d == e)))"),
            ("a - b - c", "((a - b) - c)"),
            ("2 ^ -b * c", "((2 ^ -(b)) * c)"),
            ("a % b atan2 c / d", "(((a % b) atan2 c) / d)"),
        ])
    func precedence(text: String, wanted: String) throws {
        let expression = try PromQLExpression(text)
        #expect(bracketed(expression.root) == wanted)
    }

    private func bracketed(_ expression: Expression) -> String {
        switch expression {
        case .binary(let node): "(\(bracketed(node.left)) \(node.op.rawValue) \(bracketed(node.right)))"
        case .unary(let node): "\(node.negative ? "-" : "+")(\(bracketed(node.operand)))".replacingDoubleBrackets
        default: expression.description
        }
    }

    @Test(
        "A wrong text is refused with its place and reason",
        arguments: [
            ("", "unknown position: parse error: no expression found in input"),
            ("up{", "1:4: parse error: unexpected end of input inside braces"),
            ("up[5m", "1:6: parse error: unexpected end of input in duration expression"),
            ("up\n  + *", "2:5: parse error: unexpected <op:*>"),
            ("sum(up) by", "1:11: parse error: unexpected end of input in grouping opts, expected \"(\""),
            ("1 > 2", "1:3: parse error: comparisons between scalars must use BOOL modifier"),
            ("rate(up)", "1:6: parse error: expected type range vector in call to function \"rate\", got instant vector"),
            ("up offset 5m offset 5m", "1:1: parse error: offset may not be set multiple times"),
            ("{job=~\".*\"}", "1:1: parse error: vector selector must contain at least one non-empty matcher"),
            ("nope(up)", "1:1: parse error: unknown function with name \"nope\""),
            ("up and 1", "1:1: parse error: set operator \"and\" not allowed in binary scalar expression"),
            ("up[5m:0s]", "1:7: parse error: duration must be greater than 0"),
            ("1h30", "1:1: parse error: bad number or duration syntax: \"1h30\""),
            ("sum(up foo)", "1:8: parse error: unexpected identifier \"foo\" in aggregation"),
            ("nope(up) ~", "1:1: parse error: unknown function with name \"nope\""),
            ("sum(up) ~", "1:9: parse error: unexpected character: '~'"),
            ("abs(up, ~", "1:9: parse error: unexpected character: '~'"),
            ("sum by (a) up", "1:12: parse error: unexpected identifier \"up\" in aggregation"),
            ("sum(up) foo", "1:9: parse error: unexpected identifier \"foo\""),
            ("clamp(up,, 2)", "1:9: parse error: trailing commas not allowed in function call args"),
            ("{\"up\" x}", "1:7: parse error: unexpected identifier \"x\" in label matching, expected \",\" or \"}\""),
            ("sum by (\"\") (up)", "1:9: parse error: invalid label name for grouping: \"\""),
            (
                "up[5m:*]",
                "1:7: parse error: unexpected <op:*> in subquery selector, expected number, duration, step(), range(), or \"]\""
            ),
            (
                "limitk(1, up)",
                "1:1: parse error: limitk() is experimental and must be enabled with --enable-feature=promql-experimental-functions"
            ),
            ("mad_over_time(up[5m])", "1:1: parse error: function \"mad_over_time\" is not enabled"),
            ("up smoothed", "1:1: parse error: smoothed modifier is experimental and not enabled"),
            ("a + fill(0) b", "1:1: parse error: binop fill modifiers are experimental and not enabled"),
        ])
    func errors(text: String, wanted: String) {
        let error = #expect(throws: PromQLError.self) { try PromQLExpression(text) }
        #expect(error?.description == wanted)
    }

    @Test(
        "A wrong regular expression is refused where it stands, in Go's words",
        arguments: [
            ("a(", "missing closing ): `a(`"), ("a)(b", "unexpected ): `a)(b`"), ("[a", "missing closing ]: `[a`"),
            ("a**", "invalid nested repetition operator: `**`"), ("*", "missing argument to repetition operator: `*`"),
            ("[b-a]", "invalid character class range: `b-a`"), ("\\\\8", "invalid escape sequence: `\\8`"),
            ("a{1001}", "invalid repeat count: `{1001}`"), ("(?z)", "invalid or unsupported Perl syntax: `(?z`"),
            ("\\\\", "trailing backslash at end of expression: ``"), ("\\\\C", "invalid escape sequence: `\\C`"),
        ])
    func wrongPattern(pattern: String, wanted: String) {
        let error = #expect(throws: PromQLError.self) { try PromQLExpression("up{job=~\"\(pattern)\"}") }
        #expect(error?.description == "1:4: parse error: error parsing regexp: \(wanted)")
    }

    @Test("A refusal says which feature would allow it")
    func missingFeatures() {
        for (text, feature) in [
            ("limitk(1, up)", "promql-experimental-functions"), ("info(up)", "promql-experimental-functions"),
            ("up anchored", "promql-extended-range-selectors"), ("a + fill(0) b", "promql-binop-fill-modifiers"),
        ] {
            let error = #expect(throws: PromQLError.self) { try PromQLExpression(text) }
            #expect(error?.missingFeature == feature)
        }
        #expect(#expect(throws: PromQLError.self) { try PromQLExpression("up +") }?.missingFeature == nil)
    }

    @Test(
        "What only makes sense on native histograms is part of the language, and said to be of no use",
        arguments: [
            (
                "1 + histogram_count(up)",
                "1:5: parse error: function \"histogram_count\" only makes sense on native histograms: native histograms are not supported"
            ),
            (
                "sum(up </ 2)",
                "1:8: parse error: operator \"</\" only makes sense on native histograms: native histograms are not supported"
            ),
        ])
    func nativeHistograms(text: String, wanted: String) throws {
        let expression = try PromQLExpression(text)
        #expect(expression.unsupported?.description == wanted)
        #expect(try lines(text, at: 0, LiteralSource(["up 1"])) == [])
        #expect(try PromQLExpression("histogram_quantile(0.9, up)").unsupported == nil)
    }

    @Test("Expressions that print alike are equal")
    func equality() throws {
        #expect(try PromQLExpression("sum(up{b='1',a=\"2\"})by(x)") == PromQLExpression("sum by (x) (up{a=\"2\", b=\"1\"})"))
        #expect(try PromQLExpression("rate(up[60s])").description == "rate(up[1m])")
    }

    @Test("Nesting is limited, by parentheses as by long chains", arguments: ["(", "-", "abs(", "1+", "up or "])
    func depth(piece: String) throws {
        let text = String(repeating: piece, count: 100_000) + "up"
        let error = #expect(throws: PromQLError.self) { try PromQLExpression(text) }
        #expect(error?.message == "expression is nested more than 400 levels deep")
        let chain = Array(repeating: "up", count: 300).joined(separator: " or ")
        #expect(try PromQLExpression(chain).selectors.count == 300)
    }

    @Test("Selectors know their matchers, and how far back they look")
    func selectors() throws {
        let expression = try PromQLExpression("rate(a{x=\"1\"}[5m] offset 1h) > on () max_over_time(b[2h:1m]) + c @ 5")
        let selectors = expression.selectors
        #expect(selectors.map { $0.matchers.map(\.value) } == [["1", "a"], ["b"], ["c"]])
        #expect(selectors.map { $0.reach(lookback: 300_000) } == [3_900_000, 7_500_000, 0])
        #expect(expression.reach() == 7_500_000)
    }
}

extension String {
    /// `-((x))` → `-(x)`.
    fileprivate var replacingDoubleBrackets: String {
        guard contains("((") else { return self }
        return String(first ?? "-") + String(dropFirst(2).dropLast())
    }
}
