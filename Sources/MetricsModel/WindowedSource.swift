/// What there is to say about the samples of one series in a window, stale markers left out.
public struct WindowSummary: Sendable {
    /// Samples in the window; the rest means something only with one at least.
    public var count = 0
    /// Pairs of neighbours whose values differ; two NaN do not.
    public var changes = 0
    public var firstTimestamp: Int64 = 0
    public var lastTimestamp: Int64 = 0
    /// Of the sample before the last, where there are two.
    public var previousTimestamp: Int64 = 0
    public var first = 0.0
    public var last = 0.0
    public var previous = 0.0
    /// The value before each decrease, the oldest first: what a counter had when it was reset.
    public var lost: [Double] = []

    public init() {}
}

/// A source that keeps its place in the series of a selector from one read to the next, so that a read costs what came and went
/// since, and not the window. It is for readers whose times go forward, as rules' do; a read of an earlier time, or of more than
/// the source can remember, is answered with false: then `select` is the way. What is read is the same either way, in the same
/// order.
///
/// The closures run while the place is held: they must not read from the source.
public protocol WindowedSource: SeriesSource {
    /// The newest sample of each series in `after < time ≤ through`; it may be a stale marker.
    func eachNewest(
        _ matchers: [LabelMatcher], after: Int64, through: Int64,
        _ body: (_ labels: Labels, _ timestamp: Int64, _ value: Double) -> Void
    ) -> Bool

    /// A summary of `after < time ≤ through` for each series that has a sample there.
    func eachSummary(
        _ matchers: [LabelMatcher], after: Int64, through: Int64, _ body: (_ labels: Labels, _ summary: WindowSummary) -> Void
    ) -> Bool

    /// The samples of `after < time ≤ through`, stale markers left out, for each series that has one there: those of `range`.
    func eachWindow(
        _ matchers: [LabelMatcher], after: Int64, through: Int64,
        _ body: (_ labels: Labels, _ timestamps: [Int64], _ values: [Double], _ range: Range<Int>) -> Void
    ) -> Bool
}
