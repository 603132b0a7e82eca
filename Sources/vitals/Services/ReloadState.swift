import Synchronization

/// How the last reload went.
final class ReloadState: Sendable {
    private struct State {
        var isSuccessful = true
        var at: Int64
        var rulesReach: Int64 = 0
    }

    private let state: Mutex<State>

    /// The start counts as a reload that succeeded.
    init(now: Int64) {
        state = Mutex(State(at: now))
    }

    var wasSuccessful: Bool { state.withLock { $0.isSuccessful } }
    /// Milliseconds since the Unix epoch.
    var lastSuccess: Int64 { state.withLock { $0.at } }
    /// How far back the loaded rules look, in milliseconds.
    var rulesReach: Int64 { state.withLock { $0.rulesReach } }

    func succeeded(at now: Int64) {
        state.withLock {
            $0.isSuccessful = true
            $0.at = now
        }
    }

    func failed() { state.withLock { $0.isSuccessful = false } }

    func loaded(reaching milliseconds: Int64) { state.withLock { $0.rulesReach = milliseconds } }
}
