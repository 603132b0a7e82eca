public import MetricsModel

/// What `/metrics` reads: the sampler, or whatever stands for it.
public protocol MetricsProvider: Sendable {
    /// A sample for one scrape, at the latest at `deadline`, with what there is then. A source that is away is data in the sample, never
    /// an error. Calls at the same time may share one sample: the server recognises it and renders it once.
    func sample(deadline: ContinuousClock.Instant) async -> SampleSet
}
