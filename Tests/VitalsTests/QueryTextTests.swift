import Records
import Testing

@testable import vitals

@Suite struct QueryTextTests {
    @Test(
        "Results as promtool prints them",
        arguments: [
            (#"{"resultType":"scalar","result":[5,"2"]}"#, "scalar: 2 @[5]"),
            (#"{"resultType":"string","result":[5,"a b"]}"#, "a b"),
            (#"{"resultType":"vector","result":[]}"#, ""),
            (
                #"{"resultType":"vector","result":[{"metric":{"job":"x","__name__":"up","a":"\"q\""},"value":[1700000000.05,"NaN"]},{"metric":{},"value":[1,"+Inf"]},{"metric":{"__name__":"b"},"value":[1,"0"]}]}"#,
                "up{a=\"\\\"q\\\"\", job=\"x\"} => NaN @[1700000000.05]\n{} => +Inf @[1]\nb => 0 @[1]"
            ),
            (
                #"{"resultType":"matrix","result":[{"metric":{"a":"1"},"values":[[1,"2"],[2.5,"3"]]},{"metric":{"a":"2"},"values":[[1,"2"]]}]}"#,
                "{a=\"1\"} =>\n2 @[1]\n3 @[2.5]\n{a=\"2\"} =>\n2 @[1]"
            ),
        ])
    func results(json: String, text: String) throws {
        #expect(try QueryText.result(try JSONValue(text: json)) == text)
    }

    @Test(
        "An answer of another shape is an error, not a crash",
        arguments: [
            "1", "{}", #"{"resultType":"vector","result":[{}]}"#, #"{"resultType":"scalar","result":[1]}"#,
            #"{"resultType":"matrix","result":[{"metric":{},"values":[[1,2]]}]}"#,
        ])
    func strange(json: String) throws {
        let value = try JSONValue(text: json)
        #expect(throws: QueryText.Failure.self) { try QueryText.result(value) }
        #expect(throws: QueryText.Failure.self) { try QueryText.labelSets(value) }
        #expect(throws: QueryText.Failure.self) { try QueryText.lines(value) }
    }

    @Test(
        "Numbers are printed with all their digits",
        arguments: [
            ("2.9e+21", "2900000000000000000000"), ("-1e-09", "-0.000000001"), ("1.25e-07", "0.000000125"), ("12", "12"),
            ("NaN", "NaN"), ("+Inf", "+Inf"), ("1.2345e+02", "123.45"), ("e", "e"), ("1e999", "1e999"),
        ])
    func digits(number: String, printed: String) {
        #expect(spelledOut(number) == printed)
    }

    @Test("Label sets and values stand on lines of their own; JSON is the result alone")
    func others() throws {
        let sets = try JSONValue(text: #"[{"__name__":"up","job":"x"},{"a":"b"}]"#)
        #expect(try QueryText.labelSets(sets) == "{__name__=\"up\", job=\"x\"}\n{a=\"b\"}")
        #expect(try QueryText.lines(try JSONValue(text: #"["x","y"]"#)) == "x\ny")
        let result = try JSONValue(text: #"{"resultType":"scalar","result":[1700000000.5,"2"]}"#)
        #expect(QueryText.json(result) == #"[1700000000.5,"2"]"#)
        #expect(QueryText.json(sets).hasPrefix(#"[{"__name__":"up""#))
    }
}
