import MetricsModel
import Sampling
import Synchronization
import Testing

private let answered = Family("thing_up", .gauge, help: "A target of these tests.")

/// A target that answers when the test says so.
private actor HeldTarget: SampleTarget {
    nonisolated let identity: TargetIdentity
    nonisolated let upFamily: Family? = answered
    private var asked = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var open: Bool

    init(_ name: String, open: Bool) {
        identity = TargetIdentity(
            name: name, kind: .postgres, instance: "\(name):5432", labels: Labels(["target": name]))
        self.open = open
    }

    func sample(deadline: ContinuousClock.Instant) async -> TargetSample {
        asked += 1
        if !open { await withCheckedContinuation { waiting.append($0) } }
        let series = Series(name: answered.name, labels: identity.labels)
        return TargetSample(identity: identity, up: true, families: [FamilySamples(answered, [Point(series, 1)])])
    }

    func close() async {}

    func letGo() {
        open = true
        for continuation in waiting { continuation.resume() }
        waiting = []
    }

    var questions: Int { asked }
}

private let own = TargetIdentity(name: "vitals", kind: .vitals, instance: "localhost:9187")

private func sampler(
    _ targets: [HeldTarget], maxAge: Duration = .zero, consume: @escaping @Sendable (Sample) -> Void = { _ in }
) -> Sampler {
    Sampler(targets: targets, own: own, maxAge: maxAge, now: { 1_000 }, ownFamilies: { [] }, consume: consume)
}

private func values(of sample: Sample) -> [String: Double] {
    let points = sample.set.families.first { $0.family === answered }?.points ?? []
    return Dictionary(uniqueKeysWithValues: points.map { ($0.series.labels["target"] ?? "", $0.value) })
}

@Suite struct SamplerTests {
    @Test("Readers that ask while a sample is under way share it")
    func sharesTheFlight() async {
        let target = HeldTarget("a", open: false)
        let sampler = sampler([target])
        let deadline = ContinuousClock.now + .seconds(60)
        async let first = sampler.sample(deadline: deadline)
        while await target.questions == 0 { await Task.yield() }
        async let second = sampler.sample(deadline: deadline)
        await target.letGo()
        let both = await [first, second]
        #expect(both.allSatisfy { values(of: $0) == ["a": 1] })
        #expect(await target.questions <= 2)
    }

    @Test("A sample younger than the maximum age is shared, an older one is not")
    func sharesByAge() async {
        let target = HeldTarget("a", open: true)
        let shared = sampler([target], maxAge: .seconds(3_600))
        let deadline = ContinuousClock.now + .seconds(60)
        _ = await shared.sample(deadline: deadline)
        _ = await shared.sample(deadline: deadline)
        #expect(await target.questions == 1)
        let fresh = sampler([target], maxAge: .zero)
        _ = await fresh.sample(deadline: deadline)
        _ = await fresh.sample(deadline: deadline)
        #expect(await target.questions == 3)
    }

    @Test("At its deadline a reader gets the targets that have answered, and 0 for the one that has not")
    func answersAtTheDeadline() async {
        let frozen = HeldTarget("frozen", open: false)
        let well = HeldTarget("well", open: true)
        let consumed = Mutex<[Sample]>([])
        let sampler = sampler([frozen, well]) { sample in consumed.withLock { $0.append(sample) } }
        async let patient = sampler.sample(deadline: .now + .seconds(60))
        while await well.questions == 0 { await Task.yield() }
        let hasty = await sampler.sample(deadline: .now + .milliseconds(20))
        #expect(values(of: hasty)["frozen"] == 0)
        #expect(consumed.withLock { $0.isEmpty }, "an unfinished sample is nobody else's business")
        await frozen.letGo()
        #expect(values(of: await patient) == ["frozen": 1, "well": 1])
        #expect(consumed.withLock { $0.count } == 1)
        #expect(await frozen.questions == 1)
    }

    @Test("Vitals itself is the last target, with what it says of the others")
    func addsItself() async {
        let sample = await sampler([HeldTarget("a", open: true)]).sample(deadline: .now + .seconds(60))
        #expect(sample.targets.map(\.identity.name) == ["a", "vitals"])
        #expect(sample.set.families.contains { $0.family === SamplingMetrics.duration })
    }
}
