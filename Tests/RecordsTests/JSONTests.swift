import MetricsModel
import Support
import Testing

@testable import Records

@Suite struct JSONTests {
    @Test("What is written is read as the same value", arguments: 0..<300 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let value = generator.json()
        #expect(try JSONValue(text: value.text) == value, "seed \(seed)")
        #expect(!value.text.utf8.contains(UInt8(ascii: "\n")), "seed \(seed)")
    }

    @Test("Any bytes are read or refused, never a crash", arguments: 0..<300 as Range<UInt64>)
    func garbage(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var bytes = Array(generator.json().text.utf8)
        for _ in 0...generator.below(3) where !bytes.isEmpty {
            bytes[generator.below(bytes.count)] = UInt8(truncatingIfNeeded: generator.next())
        }
        do {
            let value = try JSONValue(bytes: bytes)
            #expect(try JSONValue(text: value.text) == value, "seed \(seed)")
        } catch {
            #expect(error.code == .malformed, "seed \(seed)")
        }
    }

    @Test(
        "A text is one value of JSON's grammar, or malformed",
        arguments: [
            "", " ", "nul", "truee", "01", "+1", "1.", ".5", "1e", "--1", "[1,]", "[1", "{\"a\"}", "{\"a\":1,}", "{a:1}",
            "\"\n\"",
            "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\udc00\"", "\"open", "1 2", "NaN", "Infinity",
        ])
    func malformed(text: String) {
        #expect { try JSONValue(text: text) } throws: { ($0 as? RecordError)?.code == .malformed }
    }

    @Test("Nesting ends at the limit, not at the stack")
    func depth() throws {
        let limit = JSONReader.depthMax
        _ = try JSONValue(text: String(repeating: "[", count: limit) + String(repeating: "]", count: limit))
        #expect { try JSONValue(text: String(repeating: "[", count: 100_000)) } throws: { _ in true }
    }

    @Test(
        "Escapes, large numbers and spaces are read",
        arguments: [
            (" { \"a\" : [ 1 , 2.5e3 ] } ", JSONValue.object(JSONObject([.init("a", .array([.integer(1), .number(2_500)]))]))),
            (#""\u00e9\ud83d\udc18\/\b""#, .string("é🐘/\u{8}")), ("9223372036854775807", .integer(.max)),
            ("9223372036854775808", .number(9_223_372_036_854_775_808)), ("1e400", .number(.greatestFiniteMagnitude)),
            ("-1e400", .number(-.greatestFiniteMagnitude)), ("1.0", .integer(1)),
        ])
    func reads(text: String, value: JSONValue) throws {
        #expect(try JSONValue(text: text) == value)
    }

    @Test("What JSON has no form for becomes null, and NUL becomes U+FFFD")
    func unspeakable() {
        #expect(JSONValue.array([.number(.nan), .number(.infinity), .string("a\u{0}b")]).text == "[null,null,\"a\u{FFFD}b\"]")
    }

    @Test("Two Unicode spellings of a name are two keys, as they are two tables in Postgres")
    func canonicalEquivalence() {
        let object = JSONObject([.init("é", .integer(1)), .init("e\u{301}", .integer(2)), .init("é", .integer(3))])
        #expect(object.members.count == 2)
        #expect(object["é"] == .integer(3))
        #expect(object["e\u{301}"] == .integer(2))
        #expect(JSONValue.string("é") != JSONValue.string("e\u{301}"))
    }
}

@Suite struct RowValueTests {
    @Test("A row id is a version 4 UUID and reads back", arguments: 0..<100 as Range<UInt64>)
    func rowID(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let id = RowID(using: &generator)
        let text = Array(id.text)
        #expect(text.count == 36 && text[14] == "4" && "89ab".contains(text[19]), "seed \(seed)")
        #expect(RowID(text: id.text) == id, "seed \(seed)")
        #expect(RowID(text: id.text.uppercased()) == id, "seed \(seed)")
    }

    @Test(
        "Other texts are no row ids",
        arguments: ["", "0", "00000000000000000000000000000000", "0000000g-0000-4000-8000-000000000000"])
    func noRowID(text: String) {
        #expect(RowID(text: text) == nil)
    }

    @Test(
        "A value that DECIMAL(10,2) cannot hold is cut to what it can",
        arguments: [
            (0.0, 0), (0.004, 0), (0.005, 1), (1.005, 100), (99_999_999.99, 9_999_999_999), (99_999_999.996, 9_999_999_999),
            (1e300, 9_999_999_999), (.infinity, 9_999_999_999), (-1, 0), (-.infinity, 0),
        ] as [(Double, Int64)])
    func hundredths(value: Double, count: Int64) {
        #expect(Hundredths(value)?.count == count)
    }

    @Test("NaN is no value, and a percentage ends at 100")
    func limits() {
        #expect(Hundredths(.nan) == nil)
        #expect(Hundredths(104, max: .hundred) == .hundred)
        #expect(Hundredths(99.999, max: .hundred) == .hundred)
    }

    @Test("A row survives its JSON", arguments: 0..<200 as Range<UInt64>)
    func rowJSON(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let row = generator.row()
        #expect(try SystemHealthRow(json: JSONValue(text: row.json.text)) == row, "seed \(seed)")
    }

    @Test("The CRC is zlib's")
    func crc() {
        #expect(crc32("123456789".utf8) == 0xCBF4_3926)
    }
}
