public import MetricsModel

/// One sample of every target: the same instant, one immutable set.
public struct Sample: Sendable {
    public let set: SampleSet
    /// In the order of the configuration; Vitals itself comes last.
    public let targets: [TargetSample]
    /// When the questions left.
    public let started: ContinuousClock.Instant

    public init(set: SampleSet, targets: [TargetSample], started: ContinuousClock.Instant) {
        self.set = set
        self.targets = targets
        self.started = started
    }
}

/// Samples all targets at once, for whoever asks: one flight at a time, shared by every reader that asks meanwhile, its result shared
/// for `maxAge` more. A reader whose deadline comes first gets what has arrived by then; a target that has not answered is down in
/// that reader's sample.
public actor Sampler {
    private struct Flight {
        let number: Int
        let started: ContinuousClock.Instant
        let timestamp: Int64
        var answers: [TargetSample?]
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var task: Task<Void, Never>?
    }

    private let targets: [any SampleTarget]
    private let maxAge: Duration
    private let clock = ContinuousClock()
    /// Milliseconds since the Unix epoch.
    private let now: @Sendable () -> Int64
    /// Vitals itself, as a target.
    private let own: TargetIdentity
    /// Vitals' own families, read when the targets have answered.
    private let ownFamilies: @Sendable () -> [FamilySamples]
    /// Gets every completed sample, in order, once.
    private let consume: @Sendable (Sample) -> Void

    private var latest: Sample?
    private var flight: Flight?
    private var flights = 0
    private var waiterNumbers = 0
    private var outcomes: SamplingFamilies

    public init(
        targets: [any SampleTarget], own: TargetIdentity, maxAge: Duration, now: @escaping @Sendable () -> Int64,
        ownFamilies: @escaping @Sendable () -> [FamilySamples], consume: @escaping @Sendable (Sample) -> Void
    ) {
        self.targets = targets
        self.own = own
        self.maxAge = maxAge
        self.now = now
        self.ownFamilies = ownFamilies
        self.consume = consume
        self.outcomes = SamplingFamilies()
    }

    /// The last completed sample, nil before the first.
    public var newest: Sample? { latest }

    /// A sample no older than `maxAge`, before `deadline`.
    public func sample(deadline: ContinuousClock.Instant) async -> Sample {
        if let latest, clock.now - latest.started < maxAge { return latest }
        let number = flight?.number ?? takeOff(deadline: deadline)
        await wait(for: number, until: deadline)
        if let flight, flight.number == number { return assemble(flight) }
        // The flight has landed while this reader waited; it cannot have landed without leaving its sample.
        return latest ?? Sample(set: SampleSet(timestamp: now(), families: []), targets: [], started: clock.now)
    }

    /// Closes every target's connection.
    public func close() async {
        flight?.task?.cancel()
        for target in targets { await target.close() }
    }

    // MARK: - One flight

    private func takeOff(deadline: ContinuousClock.Instant) -> Int {
        flights += 1
        let number = flights
        flight = Flight(
            number: number, started: clock.now, timestamp: now(), answers: Array(repeating: nil, count: targets.count))
        flight?.task = Task { await self.fly(number, deadline: deadline) }
        return number
    }

    private func fly(_ number: Int, deadline: ContinuousClock.Instant) async {
        await withTaskGroup(of: (Int, TargetSample).self) { group in
            for (place, target) in targets.enumerated() {
                group.addTask { (place, await target.sample(deadline: deadline)) }
            }
            for await (place, answer) in group {
                if flight?.number == number { flight?.answers[place] = answer }
            }
        }
        guard let landed = flight, landed.number == number else { return }
        let sample = assemble(landed)
        latest = sample
        flight = nil
        consume(sample)
        for waiter in landed.waiters.values { waiter.resume() }
    }

    private func wait(for number: Int, until deadline: ContinuousClock.Instant) async {
        guard flight?.number == number else { return }
        waiterNumbers += 1
        let waiter = waiterNumbers
        let alarm = Task {
            // Cancellation means that the flight has landed and nobody waits any more.
            guard (try? await self.clock.sleep(until: deadline)) != nil else { return }
            self.wake(waiter)
        }
        await withCheckedContinuation { flight?.waiters[waiter] = $0 }
        alarm.cancel()
    }

    private func wake(_ waiter: Int) {
        flight?.waiters.removeValue(forKey: waiter)?.resume()
    }

    private func assemble(_ flight: Flight) -> Sample {
        let flown = clock.now - flight.started
        var answers = zip(targets, flight.answers).map { target, answer in
            answer ?? outcomes.unanswered(target, after: flown)
        }
        answers.append(
            TargetSample(
                identity: own, up: true, families: outcomes.families(of: answers) + ownFamilies(), duration: flown))
        return Sample(
            set: SampleSet(timestamp: flight.timestamp, families: answers.flatMap(\.families)), targets: answers,
            started: flight.started)
    }
}
