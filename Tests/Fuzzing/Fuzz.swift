/// What is fed with random input.
public enum FuzzTarget: String, CaseIterable, Sendable {
    case parser, lexer, series, pattern, template, evaluator, oracle

    /// How often it is its turn.
    var weight: Int {
        switch self {
        case .parser: 40
        case .lexer: 15
        case .series: 10
        case .pattern: 8
        case .template: 12
        case .evaluator: 10
        case .oracle: 5
        }
    }
}

/// An input that does what no input may do.
public struct FuzzFailure: Sendable, CustomStringConvertible {
    public let seed: UInt64
    public let target: FuzzTarget
    public let input: String
    public let reason: String

    public var description: String { "seed \(seed), \(target.rawValue): \(reason)\n    \(input.debugDescription)" }
}

/// What one input came to.
public struct FuzzOutcome: Sendable {
    public let target: FuzzTarget
    public let failure: FuzzFailure?
}

public enum Fuzz {
    /// Makes the input of `seed` and feeds it to its target. The same seed does the same, always.
    public static func run(seed: UInt64) -> FuzzOutcome {
        var random = FuzzRandom(seed)
        let target = self.target(&random)
        let check = FuzzCheck(target: target)
        let failure = check.run(&random).map { FuzzFailure(seed: seed, target: target, input: $0.input, reason: $0.reason) }
        return FuzzOutcome(target: target, failure: failure)
    }

    private static func target(_ random: inout FuzzRandom) -> FuzzTarget {
        var place = random.below(FuzzTarget.allCases.reduce(0) { $0 + $1.weight })
        for target in FuzzTarget.allCases {
            if place < target.weight { return target }
            place -= target.weight
        }
        return .parser
    }
}
