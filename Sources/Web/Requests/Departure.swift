import Synchronization

/// Whether the client of a request is still there: who works for it for long asks to be told when it leaves.
final class Departure: Sendable {
    private enum State {
        case here((@Sendable () -> Void)?)
        case left
    }

    private let state = Mutex(State.here(nil))

    /// Calls `action` once when the client leaves; at once when it has left. Replaces an earlier action.
    func whenLeft(_ action: @escaping @Sendable () -> Void) {
        let hasLeft = state.withLock { state in
            switch state {
            case .here:
                state = .here(action)
                return false
            case .left: return true
            }
        }
        if hasLeft { action() }
    }

    /// The work is done: nobody is told any more.
    func forget() {
        state.withLock { state in
            if case .here = state { state = .here(nil) }
        }
    }

    func leave() {
        let action = state.withLock { state in
            defer { state = .left }
            switch state {
            case .here(let action): return action
            case .left: return nil
            }
        }
        action?()
    }
}
