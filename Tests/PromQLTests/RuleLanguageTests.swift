import Alerting
import PromQL
import Testing

@Suite("PromQL as the language of rules")
struct RuleLanguageTests {
    @Test("What only makes sense on native histograms is refused when rules are loaded, with its place and reason")
    func nativeHistograms() throws {
        let language = PromQLLanguage()
        for (text, column) in [("histogram_count(up)", 1), ("1 + histogram_avg(up)", 5), ("up </ 5", 4)] {
            let error = #expect(throws: RuleSyntaxError.self) { try language.parse(text) }
            #expect(
                error?.message.hasSuffix("only makes sense on native histograms: native histograms are not supported") == true)
            #expect(error?.column == column)
        }
        #expect(try language.parse("histogram_quantile(0.9, up_bucket)").text == "histogram_quantile(0.9, up_bucket)")
    }

    @Test("Start timestamps are not stored, so a rule that asks for them is refused")
    func startTimestamps() {
        let language = PromQLLanguage(PromQLEngine(features: .all))
        let error = #expect(throws: RuleSyntaxError.self) { try language.parse("start_timestamp(up)") }
        #expect(error?.message == "function \"start_timestamp\" needs start timestamps, which are not stored")
    }
}
