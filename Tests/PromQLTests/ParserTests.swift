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
            (
                "histogram_count(up)",
                "1:1: parse error: function \"histogram_count\" only makes sense on native histograms: native histograms are not supported"
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

    @Test("A wrong regular expression is refused where it stands")
    func wrongPattern() {
        let error = #expect(throws: PromQLError.self) { try PromQLExpression("up{job=~\"a(\"}") }
        #expect(error?.column == 4)
        #expect(error?.message.hasPrefix("error parsing regexp: ") == true)
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
