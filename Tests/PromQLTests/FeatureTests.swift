import PromQL
import Testing

@Suite("Features")
struct FeatureTests {
    @Test("The values of --enable-feature are lists, may be repeated, and say what they do not do")
    func names() {
        let request = PromQLFeatures.request([
            "promql-experimental-functions,promql-duration-expr,", "promql-binop-fill-modifiers", "nope",
            "exemplar-storage,no,nope",
        ])
        #expect(request.features == [.experimentalFunctions, .fillModifiers])
        #expect(request.unknown == ["nope", "no", "nope"])
        #expect(request.withoutEffect == ["promql-duration-expr", "exemplar-storage"])
        #expect(request.warnings.first == "Unknown option for --enable-feature: nope")
        #expect(PromQLFeatures(names: ["promql-delayed-name-removal"]) == .delayedNameRemoval)
        #expect(PromQLFeatures(names: []) == [])
        #expect(PromQLFeatures(names: [PromQLFeatures.named.map(\.name).joined(separator: ",")]) == .all)
    }
}
