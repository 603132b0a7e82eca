import Support
import Testing
import YAML

private func scalars(_ node: YAMLNode?) -> [String] {
    switch node?.content {
    case nil: []
    case .scalar(let scalar): [scalar.text]
    case .sequence(let nodes): nodes.flatMap(scalars)
    case .mapping(let entries): entries.flatMap { [$0.key] + scalars($0.value) }
    }
}

@Suite("YAML documents")
struct YAMLDocumentTests {
    @Test("Every node knows its line and column, counted from 1")
    func places() throws {
        let root = try #require(try YAMLDocument("groups:\n  - name: a\n    rules: [x, y]\n").root)
        let group = try #require(root["groups"])
        #expect(group.line == 2 && group.column == 3)
        guard case .sequence(let groups) = group.content, let first = groups.first else { return #expect(Bool(false)) }
        #expect(first.line == 2 && first.column == 5)
        #expect(first["rules"].map { [$0.line, $0.column] } == [3, 12])
        #expect(scalars(root) == ["groups", "name", "a", "rules", "x", "y"])
    }

    @Test("Block scalars, quotes, comments and byte order marks read as YAML says")
    func scalarsOfAllStyles() throws {
        let text = "\u{FEFF}# comment\na: |\n  one\n  two\nb: >-\n  one\n  two\nc: 'it''s'\nd: \"\\u00e9\\n\"\ne: plain # rest\n"
        let root = try YAMLDocument(text).root
        #expect(scalars(root) == ["a", "one\ntwo\n", "b", "one two", "c", "it's", "d", "é\n", "e", "plain"])
    }

    @Test("An empty text has no root", arguments: ["", "# nothing\n", "---\n# x\n", "\n\n"])
    func empty(text: String) throws {
        let root = try YAMLDocument(text).root
        #expect(root == nil || root?.isNull == true)
    }

    @Test("Aliases and merge keys stand for what they name")
    func aliases() throws {
        let root = try YAMLDocument("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\nagain: *b\n").root
        let use = try #require(root?["use"])
        #expect(scalars(use["x"]) == ["1"])
        #expect(scalars(use["y"]) == ["3"])
        #expect(scalars(root?["again"]?["y"]) == ["2"])
    }

    @Test("A second document is seen and not read")
    func secondDocument() throws {
        let document = try YAMLDocument("a: 1\n---\nb: 2\n")
        #expect(document.nextDocumentLine == 2)
        #expect(scalars(document.root) == ["a", "1"])
    }

    static let bad: [(String, YAMLError.Code, String)] = [
        ("a: 1\nb: 2\na: 3\n", .duplicateKey, "3:1"),
        ("a: *x\n", .unknownAlias, "1:4"),
        ("a: &a [*a]\n", .unknownAlias, "1:8"),
        ("? [a]\n: 1\n", .complexKey, "1:3"),
        ("<<: 5\n", .badMerge, "1:5"),
        ("a: [1, 2\n", .syntax, "2:1"),
        ("a:\n\t- 1\n", .syntax, "2:1"),
        ("a: \"\\q\"\n", .syntax, "1:5"),
        ("a: b: c\n", .syntax, "1:5"),
    ]

    @Test("What is refused says where and why", arguments: bad)
    func refused(text: String, code: YAMLError.Code, place: String) {
        let error = #expect(throws: YAMLError.self) { try YAMLDocument(text) }
        #expect(error?.code == code)
        #expect(error.map { "\($0.line):\($0.column)" } == place, "\(error.map(\.description) ?? "")")
    }

    @Test("A billion laughs cost nothing and are refused")
    func billionLaughs() {
        var text = "a: &a [l,l,l,l,l,l,l,l,l,l]\n"
        for (name, before) in zip("bcdefghijk", "abcdefghij") {
            let aliases = Array(repeating: "*\(before)", count: 10).joined(separator: ",")
            text += "\(name): &\(name) [\(aliases)]\n"
        }
        #expect(throws: YAMLError.self) { try YAMLDocument(text) }
        #expect(#expect(throws: YAMLError.self) { try YAMLDocument(text) }?.code == .tooManyNodes)
    }

    @Test("The limits hold to the digit: at the limit yes, one past it no")
    func limits() throws {
        var limits = YAMLLimits()
        limits.depthMax = 5
        _ = try YAMLDocument("[[[[[]]]]]", limits: limits)
        #expect(#expect(throws: YAMLError.self) { try YAMLDocument("[[[[[[]]]]]]", limits: limits) }?.code == .tooDeep)
        limits = YAMLLimits()
        limits.nodesMax = 4
        _ = try YAMLDocument("[1,2,3]", limits: limits)
        #expect(#expect(throws: YAMLError.self) { try YAMLDocument("[1,2,3,4]", limits: limits) }?.code == .tooManyNodes)
        limits = YAMLLimits()
        limits.sizeBytesMax = 3
        _ = try YAMLDocument("a: ", limits: limits)
        #expect(#expect(throws: YAMLError.self) { try YAMLDocument("a: 1", limits: limits) }?.code == .tooLarge)
    }

    @Test("Depth through aliases counts as depth")
    func aliasDepth() {
        var limits = YAMLLimits()
        limits.depthMax = 3
        let text = "- &a [[1]]\n- [*a]\n"
        #expect(#expect(throws: YAMLError.self) { try YAMLDocument(text, limits: limits) }?.code == .tooDeep)
    }

    @Test("No garbage, cut or mutated text makes the parser crash or hang", arguments: 0..<20)
    func fuzz(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let seedText =
            "a: &x [1, 'b', \"c\\n\"]\nb: {<<: *x, k: |\n  text\n, \"q\": >-\n  f}\n--- # c\n? k\n: - !!str v\n%TAG ! t\n"
        let alphabet = Array(seedText.utf8) + [0, 9, 0x7F, 0xC3, 0xA9, 0xFF, 0xFE, 0xEF, 0xBB, 0xBF]
        for _ in 0..<200 {
            var bytes = Array(seedText.utf8)
            for _ in 0..<random.next() % 12 {
                let place = Int(random.next() % UInt64(bytes.count + 1))
                let byte = alphabet[Int(random.next() % UInt64(alphabet.count))]
                switch random.next() % 3 {
                case 0: bytes.insert(byte, at: place)
                case 1: if place < bytes.count { bytes.remove(at: place) }
                default: if place < bytes.count { bytes[place] = byte }
                }
            }
            do {
                _ = scalars(try YAMLDocument(bytes).root)
            } catch {
                #expect(error.line >= 1 && error.column >= 1 && !error.message.isEmpty, "seed \(seed)")
            }
        }
    }
}
