#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A distribution of execution times with a given mean and variance.
enum LatencyDistribution: Sendable, Hashable {
    /// `location` and `shape` (a variance) of the logarithm, cut to a range: what execution times mostly look like.
    case logNormal(location: Double, shape: Double, range: ClosedRange<Double>?)
    /// The beta distribution between two ends, for times spread evenly over them.
    case beta(Double, Double, range: ClosedRange<Double>)
    /// Two narrow bands, as where a statement is fast when its pages are in memory and slow when not.
    case twoModes(LatencyModes)

    /// From these shares on of the greatest variance that a range allows (Bhatia, Davis 2000) other distributions are nearer to the truth: a
    /// third is that of the flat one, one that of two values. Tried on the workloads of the accuracy test.
    private static let spreadForBeta = 0.3
    private static let spreadForTwoModes = 0.45

    /// Mean and variance are positive, the mean is inside the range.
    init(mean: Double, variance: Double, range: ClosedRange<Double>?) {
        let shape = log1p(variance / (mean * mean))
        self = .logNormal(location: log(mean) - shape / 2, shape: shape, range: range)
        guard let range else { return }
        let greatest = (range.upperBound - mean) * (mean - range.lowerBound)
        guard greatest > 0, variance >= LatencyDistribution.spreadForBeta * greatest else { return }
        if variance >= LatencyDistribution.spreadForTwoModes * greatest,
            let modes = LatencyModes(mean: mean, variance: variance, range: range)
        {
            self = .twoModes(modes)
            return
        }
        // Two values exactly would be beta(0, 0).
        let sum = max(greatest / variance - 1, 1e-6)
        let place = (mean - range.lowerBound) / (range.upperBound - range.lowerBound)
        self = .beta(place * sum, (1 - place) * sum, range: range)
    }

    /// The share of executions that take up to `seconds`, from 0 to 1.
    func share(upTo seconds: Double) -> Double {
        switch self {
        case .logNormal(let location, let shape, let range):
            let below = { (seconds: Double) in
                seconds <= 0 ? 0 : erfc((location - log(seconds)) / (2 * shape).squareRoot()) / 2
            }
            guard let range else { return below(seconds) }
            if seconds < range.lowerBound { return 0 }
            if seconds >= range.upperBound { return 1 }
            let floor = below(range.lowerBound)
            let share = (below(seconds) - floor) / (below(range.upperBound) - floor)
            return share.isFinite ? min(max(share, 0), 1) : below(seconds)
        case .beta(let a, let b, let range):
            if seconds < range.lowerBound { return 0 }
            if seconds >= range.upperBound { return 1 }
            let place = (seconds - range.lowerBound) / (range.upperBound - range.lowerBound)
            return LatencyDistribution.regularizedBeta(place, a, b)
        case .twoModes(let modes):
            return modes.share(upTo: seconds)
        }
    }

    /// I_x(a, b) by its continued fraction (DLMF 8.17.22, evaluated after Lentz 1976).
    static func regularizedBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
        guard x > 0 else { return 0 }
        guard x < 1 else { return 1 }
        // The fraction converges fast on this side of the mean; the other is its mirror.
        guard x < (a + 1) / (a + b + 2) else { return 1 - regularizedBeta(1 - x, b, a) }
        let logBeta = lgamma(a).0 + lgamma(b).0 - lgamma(a + b).0
        let front = exp(a * log(x) + b * log1p(-x) - logBeta) / a
        let tiny = 1e-300
        let held = { (value: Double) in abs(value) < tiny ? tiny : value }
        var c = 1.0
        var d = 1 / held(1 - (a + b) * x / (a + 1))
        var fraction = d
        for step in 1...200 {
            let m = Double(step)
            let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
            d = 1 / held(1 + even * d)
            c = held(1 + even / c)
            fraction *= d * c
            let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
            d = 1 / held(1 + odd * d)
            c = held(1 + odd / c)
            fraction *= d * c
            if abs(d * c - 1) < 1e-12 { break }
        }
        let share = front * fraction
        return share.isFinite ? min(max(share, 0), 1) : x
    }
}
