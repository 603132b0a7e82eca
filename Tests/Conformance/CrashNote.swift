#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Remembers which seed each thread is at, outside of Swift's memory, so that the handler of a fatal signal can print them.
enum CrashNote {
    private static let threadsMax = 256
    // Written by one thread each; the handler reads them in a process that is about to end.
    nonisolated(unsafe) private static let seeds = UnsafeMutablePointer<UInt64>.allocate(capacity: threadsMax)
    nonisolated(unsafe) private static let began = UnsafeMutablePointer<Int>.allocate(capacity: threadsMax)

    /// Must come before the threads.
    static func install(threads: Int) {
        seeds.initialize(repeating: 0, count: threadsMax)
        began.initialize(repeating: 0, count: threadsMax)
        var action = sigaction()
        #if canImport(Glibc)
        action.__sigaction_handler.sa_handler = crashed
        #else
        action.__sigaction_u.__sa_handler = crashed
        #endif
        action.sa_flags = SA_ONSTACK
        for name in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT, SIGFPE] { sigaction(name, &action, nil) }
    }

    /// Gives the calling thread a place for the handler: a stack that overflowed cannot run it.
    static func prepareThread() {
        var stack = stack_t()
        stack.ss_sp = UnsafeMutableRawPointer.allocate(byteCount: 64 << 10, alignment: 16)
        stack.ss_size = 64 << 10
        sigaltstack(&stack, nil)
    }

    /// Nil: the thread is done.
    static func begin(_ thread: Int, _ seed: UInt64?) {
        guard thread < threadsMax else { return }
        seeds[thread] = seed ?? 0
        began[thread] = seed == nil ? 0 : time(nil)
    }

    /// The seed of a thread that has been at it for longer.
    static func stuck(longerThan seconds: Int) -> UInt64? {
        let now = time(nil)
        for thread in 0..<threadsMax where began[thread] != 0 && now - began[thread] > seconds { return seeds[thread] }
        return nil
    }

    private static let crashed: @convention(c) (Int32) -> Void = { number in
        for thread in 0..<threadsMax where began[thread] != 0 { put("crashed at one of: --seed ", seeds[thread]) }
        signal(number, SIG_DFL)
        raise(number)
    }

    /// `words` and a number on standard error, without memory.
    private static func put(_ words: StaticString, _ number: UInt64) {
        write(2, words.utf8Start, words.utf8CodeUnitCount)
        var rest = number
        var divisor: UInt64 = 10_000_000_000_000_000_000
        var started = false
        while divisor > 0 {
            var digit = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest / divisor)
            rest %= divisor
            started = started || digit != UInt8(ascii: "0") || divisor == 1
            if started { write(2, &digit, 1) }
            divisor /= 10
        }
        var newline = UInt8(ascii: "\n")
        write(2, &newline, 1)
    }
}
