/// Locks an account after failures in a row (catalogue K5). Only accounts that exist are kept, so its size is that of the user list.
struct AccountLocks: Sendable {
    static let failuresMax = 5
    static let lockDuration: Duration = .seconds(15 * 60)

    private struct Account {
        var failures = 0
        var lockedUntil: ContinuousClock.Instant?
    }

    private var accounts: [String: Account] = [:]

    /// Whether the account is locked, whatever the password.
    mutating func isLocked(_ user: String, at now: ContinuousClock.Instant) -> Bool {
        guard let until = accounts[user]?.lockedUntil else { return false }
        if now < until { return true }
        accounts[user] = nil
        return false
    }

    mutating func succeeded(_ user: String) {
        accounts[user] = nil
    }

    /// True when this failure locks the account.
    mutating func failed(_ user: String, at now: ContinuousClock.Instant) -> Bool {
        var account = accounts[user] ?? Account()
        account.failures += 1
        let locks = account.failures >= Self.failuresMax && account.lockedUntil == nil
        if locks { account.lockedUntil = now + Self.lockDuration }
        accounts[user] = account
        return locks
    }
}
