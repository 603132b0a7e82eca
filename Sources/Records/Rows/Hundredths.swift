/// A number with two places after the point, as a `DECIMAL(p,2)` column holds it: exact, never negative.
public struct Hundredths: Sendable, Hashable, Comparable {
    /// The most that `DECIMAL(10,2)` holds: 99,999,999.99.
    public static let max10 = Hundredths(count: 9_999_999_999)
    /// A hundred percent.
    public static let hundred = Hundredths(count: 10_000)

    /// The number times a hundred.
    public let count: Int64

    public init(count: Int64) { self.count = count }

    /// Rounds half away from zero, as Postgres does; below 0 becomes 0 and above `max` becomes `max`, because a value that the
    /// column cannot hold would cost the whole row (SQLSTATE 22003). NaN is no value: nil.
    public init?(_ value: Double, max: Hundredths = .max10) {
        guard !value.isNaN else { return nil }
        let scaled = (value * 100).rounded(.toNearestOrAwayFromZero)
        if scaled >= Double(max.count) {
            self = max
        } else {
            count = scaled > 0 ? Int64(scaled) : 0
        }
    }

    /// The nearest double: of at most 12 digits, so it reads back as the same hundredths.
    public var value: Double { Double(count) / 100 }

    public static func < (a: Hundredths, b: Hundredths) -> Bool { a.count < b.count }
}
