/// Why a duration expression has no value. In the words of promql/durations.go.
enum DurationFault: String, Error {
    case divisionByZero = "division by zero"
    case moduloByZero = "modulo by zero"
    case outOfRange = "duration is out of range"
}

extension DurationExpression {
    /// Its value where a query has this step and range (milliseconds).
    func milliseconds(step: Int64, range: Int64) throws(DurationFault) -> Int64 {
        let seconds = try seconds(step: Double(step) / 1000, range: Double(range) / 1000)
        // Prometheus keeps durations as nanoseconds in an Int64; NaN is out of range too.
        guard seconds.magnitude < 9.2e9 else { throw .outOfRange }
        return millisecondsOf(seconds: seconds)
    }

    private func seconds(step: Double, range: Double) throws(DurationFault) -> Double {
        switch self {
        case .literal(let literal): return literal.value
        case .step: return step
        case .range: return range
        case .negated(let inner, _): return -(try inner.seconds(step: step, range: range))
        case .wrapped(let inner, _): return try inner.seconds(step: step, range: range)
        case .binary(let op, let left, let right, _):
            let a = try left.seconds(step: step, range: range)
            let b = try right.seconds(step: step, range: range)
            switch op {
            case .add: return a + b
            case .subtract: return a - b
            case .multiply: return a * b
            case .divide:
                guard b != 0 else { throw .divisionByZero }
                return a / b
            case .modulo:
                guard b != 0 else { throw .moduloByZero }
                return a.truncatingRemainder(dividingBy: b)
            case .power: return power(a, b)
            case .minOf: return min(a, b)
            case .maxOf: return max(a, b)
            }
        }
    }
}
