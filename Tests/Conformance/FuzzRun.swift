import Fuzzing
import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// `conformance fuzz [--seed N] [--inputs N] [--seconds N] [--threads N]`: random inputs on all cores until a failure, a number of
/// inputs or a time. Input i is that of the seed N + i alone, so a failure is run again with its seed and `--inputs 1`.
final class FuzzRun: Sendable {
    /// An input is small; nothing it asks for takes this much processor time.
    private static let secondsMax = 1.0
    /// What a thread of Swift's pool has.
    private static let stackBytes = 512 << 10

    private let first: UInt64
    private let inputs: UInt64
    private let next = Atomic<UInt64>(0)
    private let done = Atomic<UInt64>(0)
    private let stops = Atomic<Bool>(false)
    private let running = Atomic<Int>(0)
    private let failures = Mutex<[String]>([])
    private let counts = Mutex<[FuzzTarget: Int]>([:])

    init(seed: UInt64, inputs: UInt64) {
        first = seed
        self.inputs = inputs
    }

    /// Runs, prints, and answers whether all was well.
    func run(threads: Int, seconds: Double?) -> Bool {
        CrashNote.install(threads: threads)
        let began = ContinuousClock.now
        for index in 0..<threads { start(index) }
        var lastReport = began
        while running.load(ordering: .acquiring) > 0 {
            usleep(50_000)
            let now = ContinuousClock.now
            if let seconds, now - began > .seconds(seconds) { stops.store(true, ordering: .relaxed) }
            if let stuck = CrashNote.stuck(longerThan: 60) {
                print("seed \(stuck): still running after a minute")
                exit(1)
            }
            if now - lastReport > .seconds(30) {
                lastReport = now
                report(now - began)
            }
        }
        report(ContinuousClock.now - began)
        for (target, count) in counts.withLock({ $0 }).sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            print("  \(target.rawValue): \(count)")
        }
        let found = failures.withLock { $0 }
        for failure in found { print(failure) }
        print(found.isEmpty ? "no failure" : "\(found.count) failures")
        return found.isEmpty
    }

    private func report(_ time: Duration) {
        let count = done.load(ordering: .relaxed)
        let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
        print("\(count) inputs in \(Int(seconds)) s, \(Int(Double(count) / max(seconds, 0.001))) a second, from seed \(first)")
        fflush(nil)
    }

    private func start(_ index: Int) {
        running.add(1, ordering: .relaxed)
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setstacksize(&attributes, Self.stackBytes)
        var thread = pthread_t()
        let work = Unmanaged.passRetained(Work(run: self, index: index))
        let code = pthread_create(
            &thread, &attributes,
            { argument in
                guard let argument else { return nil }
                let work = Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
                work.run.loop(work.index)
                return nil
            }, work.toOpaque())
        if code != 0 {
            print("no thread: error \(code)")
            exit(2)
        }
    }

    private final class Work: Sendable {
        let run: FuzzRun
        let index: Int

        init(run: FuzzRun, index: Int) {
            self.run = run
            self.index = index
        }
    }

    private func loop(_ index: Int) {
        CrashNote.prepareThread()
        var mine: [FuzzTarget: Int] = [:]
        while !stops.load(ordering: .relaxed) {
            let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
            if number >= inputs { break }
            let seed = first &+ number
            CrashNote.begin(index, seed)
            let began = processorSeconds()
            let outcome = Fuzz.run(seed: seed)
            let spent = processorSeconds() - began
            mine[outcome.target, default: 0] += 1
            if let failure = outcome.failure {
                note("\(failure)")
            } else if spent > Self.secondsMax {
                note("seed \(seed), \(outcome.target.rawValue): takes \(spent) s")
            }
            done.add(1, ordering: .relaxed)
        }
        counts.withLock { $0.merge(mine) { $0 + $1 } }
        CrashNote.begin(index, nil)
        running.subtract(1, ordering: .releasing)
    }

    private func note(_ failure: String) {
        let count = failures.withLock { all in
            all.append(failure)
            return all.count
        }
        if count >= 20 { stops.store(true, ordering: .relaxed) }
    }

    private func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
