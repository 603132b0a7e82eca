internal import Synchronization

/// Wakes one waiter. A signal that is set while nobody waits is kept for the next who does.
final class Signal: Sendable {
    private struct State {
        var isSet = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func set() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard let waiter = state.waiter else {
                state.isSet = true
                return nil
            }
            state.waiter = nil
            return waiter
        }
        waiter?.resume()
    }

    /// Returns when the signal is set, at once when it was, or when the task is cancelled.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state in
                    // Cancellation may have come before there was a waiter to wake.
                    if state.isSet || Task.isCancelled {
                        state.isSet = false
                        return true
                    }
                    state.waiter = continuation
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume()
        }
    }

    /// As `wait`, and no longer than until `instant` (milliseconds since the epoch; `Int64.max` is never).
    func wait(until instant: Int64, clock: any WallClock) async {
        guard instant != .max else { return await wait() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.wait() }
            group.addTask {
                do {
                    try await clock.sleep(until: instant)
                } catch {
                    // Cancelled: the signal came first, or the waiter was cancelled. Both end the wait.
                }
            }
            await group.next()
            group.cancelAll()
        }
    }
}
