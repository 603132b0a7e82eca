import Fuzzing
import Testing

@Suite("Fuzzing")
struct FuzzTests {
    @Test("The first random inputs of every kind do what they may", arguments: 0..<4)
    func slice(part: Int) {
        for seed in UInt64(part) * 700..<UInt64(part + 1) * 700 {
            if let failure = Fuzz.run(seed: seed).failure { Issue.record("\(failure)") }
        }
    }

    @Test(
        "Inputs that once failed do no more",
        arguments: [405, 798, 5209, 12_749, 88_114, 277_710, 438_033, 541_382, 614_773, 719_767, 905_411, 203_012_570] as [UInt64]
    )
    func once(seed: UInt64) {
        if let failure = Fuzz.run(seed: seed).failure { Issue.record("\(failure)") }
    }
}
