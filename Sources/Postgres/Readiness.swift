internal import Glibc
internal import Synchronization

/// One thread that watches the descriptors of all connections and wakes the task that waits for one: poll(2) over the waiting
/// descriptors and a pipe that says that the set changed. Tasks never block a thread of Swift's pool. Poll and not epoll: there
/// are a handful of connections, and poll keeps no state about a descriptor that was closed.
public final class Readiness: Sendable {
    struct Interest: OptionSet {
        let rawValue: Int16
        static let read = Interest(rawValue: Int16(POLLIN))
        static let write = Interest(rawValue: Int16(POLLOUT))
    }

    enum Outcome: Sendable, Hashable {
        /// Readable, writable, or in error: the next call on the descriptor says which.
        case ready
        case deadline
        case cancelled
        /// `stop()` was called.
        case stopped
        /// `wake(_:)` was called.
        case woken
    }

    /// Names one wait, so that somebody else can end it.
    struct Ticket: Hashable, Sendable {
        let number: UInt64
    }

    private let core: Core

    /// Starts the thread. Throws `internal` when the system gives no thread or descriptor.
    public init() throws(PostgresError) {
        core = try Core()
        try core.start()
    }

    deinit { core.stop() }

    /// Ends the thread and every wait. Waits that begin later end at once.
    public func stop() { core.stop() }

    func ticket() -> Ticket { Ticket(number: core.counter.add(1, ordering: .relaxed).newValue) }

    /// Suspends until `descriptor` (nil: none) is ready, the deadline is there (nil: never), the task is cancelled or somebody wakes
    /// it. The descriptor must stay open meanwhile.
    func wait(
        _ descriptor: Int32?, for interest: Interest = [], until deadline: ContinuousClock.Instant?, ticket: Ticket? = nil
    ) async -> Outcome {
        let ticket = ticket ?? self.ticket()
        let core = core
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                core.add(
                    ticket,
                    Core.Wait(
                        descriptor: descriptor ?? -1, interest: interest, deadline: deadline, continuation: continuation))
                // A cancellation that came before `add` found nothing to end.
                if Task.isCancelled { core.end(ticket, .cancelled) }
            }
        } onCancel: {
            core.end(ticket, .cancelled)
        }
    }

    /// Ends a wait, if it is still there.
    func wake(_ ticket: Ticket) { core.end(ticket, .woken) }
}

extension Readiness {
    /// What the thread and the waiting tasks share.
    fileprivate final class Core: Sendable {
        struct Wait {
            let descriptor: Int32
            let interest: Interest
            let deadline: ContinuousClock.Instant?
            let continuation: CheckedContinuation<Outcome, Never>
        }

        struct State {
            var waits: [Ticket: Wait] = [:]
            var isStopped = false
        }

        let state = Mutex(State())
        let counter = Atomic<UInt64>(0)
        private let wakeUp: WakePipe

        init() throws(PostgresError) { wakeUp = try WakePipe() }

        func start() throws(PostgresError) {
            let status = startThread { [self] in run() }
            guard status == 0 else {
                throw PostgresError(.internal, "the readiness thread could not be started (errno \(status))")
            }
        }

        func add(_ ticket: Ticket, _ wait: Wait) {
            let isStopped = state.withLock { state in
                if !state.isStopped { state.waits[ticket] = wait }
                return state.isStopped
            }
            if isStopped { wait.continuation.resume(returning: .stopped) } else { notify() }
        }

        func end(_ ticket: Ticket, _ outcome: Outcome) {
            let wait = state.withLock { $0.waits.removeValue(forKey: ticket) }
            wait?.continuation.resume(returning: outcome)
        }

        func stop() {
            let waits = state.withLock { state in
                state.isStopped = true
                defer { state.waits.removeAll() }
                return state.waits
            }
            for wait in waits.values { wait.continuation.resume(returning: .stopped) }
            notify()
        }

        private func notify() { wakeUp.signal() }

        /// The thread's body: until `stop()`.
        private func run() {
            while true {
                let (isStopped, waits) = state.withLock { ($0.isStopped, $0.waits) }
                if isStopped { return }
                var descriptors = [pollfd(fd: wakeUp.descriptor, events: Int16(POLLIN), revents: 0)]
                var tickets: [Ticket] = []
                var nearest: ContinuousClock.Instant?
                for (ticket, wait) in waits {
                    tickets.append(ticket)
                    // A negative descriptor is skipped by poll(2).
                    descriptors.append(pollfd(fd: wait.descriptor, events: wait.interest.rawValue, revents: 0))
                    if let deadline = wait.deadline { nearest = nearest.map { min($0, deadline) } ?? deadline }
                }
                let count = nfds_t(descriptors.count)
                let found = unsafe poll(&descriptors, count, timeout(until: nearest))
                if found < 0 && errno != EINTR {
                    // EINVAL or ENOMEM: nothing to wait for would be right; the waits end by their deadlines.
                    usleep(10_000)
                }
                if descriptors[0].revents != 0 { wakeUp.clear() }
                finish(tickets, descriptors)
            }
        }

        private func finish(_ tickets: [Ticket], _ descriptors: [pollfd]) {
            let now = ContinuousClock.now
            let done = state.withLock { state in
                var done: [(Wait, Outcome)] = []
                for (place, ticket) in tickets.enumerated() {
                    guard let wait = state.waits[ticket] else { continue }
                    if descriptors[place + 1].revents != 0 {
                        done.append((wait, .ready))
                    } else if let deadline = wait.deadline, deadline <= now {
                        done.append((wait, .deadline))
                    } else {
                        continue
                    }
                    state.waits[ticket] = nil
                }
                return done
            }
            for (wait, outcome) in done { wait.continuation.resume(returning: outcome) }
        }

        /// Milliseconds for poll(2), rounded up so that a deadline is past when poll returns; -1 without a deadline.
        private func timeout(until deadline: ContinuousClock.Instant?) -> Int32 {
            guard let deadline else { return -1 }
            let left = max(.zero, deadline - ContinuousClock.now).components
            let milliseconds = left.seconds.multipliedReportingOverflow(by: 1000)
            let hour: Int64 = 3_600_000
            guard !milliseconds.overflow, milliseconds.partialValue < hour else { return Int32(hour) }
            return Int32(milliseconds.partialValue + (left.attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
        }
    }
}

private final class ThreadBody {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

/// Runs `body` on a thread of its own, which nobody joins. Returns 0, or the errno.
func startThread(_ body: @escaping @Sendable () -> Void) -> Int32 {
    let box = unsafe Unmanaged.passRetained(ThreadBody(body))
    var thread = pthread_t()
    let status = unsafe pthread_create(
        &thread, nil,
        { argument in
            guard let argument = unsafe argument else { return nil }
            let body = unsafe Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue()
            // Signals belong to the main thread.
            var all = sigset_t()
            unsafe sigfillset(&all)
            unsafe pthread_sigmask(SIG_BLOCK, &all, nil)
            body.run()
            return nil
        }, box.toOpaque())
    if status == 0 {
        pthread_detach(thread)
    } else {
        unsafe box.release()
    }
    return status
}
