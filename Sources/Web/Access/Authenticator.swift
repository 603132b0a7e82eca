import HTTPTypes
import MetricsModel
import Synchronization

/// Decides who a request comes from and whether it may do what it asks for, and counts every attempt.
final class Authenticator: Sendable {
    /// A bcrypt hash of nothing in particular, for a user list that is empty while a password is offered.
    private static let fixedHash = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"

    private let checker: PasswordChecker
    private let locks = Mutex(AccountLocks())
    private let bucket = Mutex<TokenBucket?>(nil)
    private let attemptsSucceeded: Counter
    private let attemptsFailed: Counter
    private let tokensValid: Counter
    private let tokensInvalid: Counter
    private let lockouts: Counter
    private let rateLimited: Counter

    init(registry: Registry, checker: PasswordChecker) {
        self.checker = checker
        let attempts = registry.counter(
            "auth_attempts_total", labels: ["result"],
            help: "Logins by user name and password, by result. Source: Vitals' web server.")
        attemptsSucceeded = attempts.with("success")
        attemptsFailed = attempts.with("failure")
        let tokens = registry.counter(
            "auth_token_validations_total", labels: ["result"],
            help: "Bearer tokens checked, by result. Source: Vitals' web server.")
        tokensValid = tokens.with("success")
        tokensInvalid = tokens.with("failure")
        lockouts = registry.counter(
            "auth_account_lockouts_total",
            help: "Accounts locked after failed logins in a row. Source: Vitals' web server.")
        rateLimited = registry.counter(
            "vitals_rate_limit_violations_total", help: "Requests refused because they came too fast. Source: Vitals' web server."
        )
    }

    /// exporter-toolkit's `rate_limit`, over all clients. Throws when there is no token left.
    func takeToken(_ settings: RateLimitSettings?, at now: ContinuousClock.Instant = .now) throws(WebError) {
        guard let settings else { return }
        let isTaken = bucket.withLock { bucket in
            if bucket?.settings != settings { bucket = TokenBucket(settings, at: now) }
            return bucket?.take(at: now) ?? true
        }
        guard !isTaken else { return }
        rateLimited.increment()
        let seconds = Int64(max(1, settings.interval.components.seconds))
        throw WebError(.rateLimited, "too many requests", headers: [("Retry-After", "\(seconds)")])
    }

    /// Throws when the request may not have what `access` guards.
    func authorize(
        _ access: RouteAccess, _ headers: HTTPFields, _ settings: AccessSettings.Snapshot, at now: ContinuousClock.Instant = .now
    ) async throws(WebError) {
        switch access {
        case .open: return
        case .reader:
            guard !settings.config.users.isEmpty else { return }
        case .administrator:
            guard settings.hasCredentials else {
                throw WebError(
                    .forbidden,
                    "no administrator is configured: name one in --web.config.file or give --web.admin-token-file, or send SIGHUP instead"
                )
            }
        }
        guard let header = headers[.authorization] else { throw unauthorized(settings) }
        switch Credentials(header) {
        case .bearer(let token): try validate(token, settings)
        case .basic(let user, let password): try await login(user, password, access, settings, now)
        case nil:
            attemptsFailed.increment()
            throw unauthorized(settings)
        }
    }

    private func validate(_ token: String, _ settings: AccessSettings.Snapshot) throws(WebError) {
        guard let wanted = settings.token, constantTimeEqual(wanted, Array(token.utf8)) else {
            tokensInvalid.increment()
            throw unauthorized(settings)
        }
        tokensValid.increment()
    }

    private func login(
        _ user: String, _ password: String, _ access: RouteAccess, _ settings: AccessSettings.Snapshot,
        _ now: ContinuousClock.Instant
    ) async throws(WebError) {
        let hash = settings.config.users[user]
        // Someone who does not exist costs as much time as someone who does.
        let other = settings.config.users.min { $0.key < $1.key }?.value ?? Self.fixedHash
        let answer = await checker.check(user: user, hash: hash ?? other, password: password)
        // Only administration is locked: whoever guesses passwords must not be able to blind the scraper that has the right one.
        let isLocked = access == .administrator && hash != nil && locks.withLock { $0.isLocked(user, at: now) }
        switch answer {
        case .busy:
            rateLimited.increment()
            throw WebError(.rateLimited, "too many logins at one time", headers: [("Retry-After", "2")])
        case .matches where hash != nil && !isLocked:
            locks.withLock { $0.succeeded(user) }
            attemptsSucceeded.increment()
        case .matches, .differs:
            attemptsFailed.increment()
            if hash != nil, access == .administrator, !isLocked, locks.withLock({ $0.failed(user, at: now) }) {
                lockouts.increment()
            }
            throw unauthorized(settings)
        }
    }

    private func unauthorized(_ settings: AccessSettings.Snapshot) -> WebError {
        let scheme = settings.config.users.isEmpty ? "Bearer realm=\"vitals\"" : "Basic realm=\"vitals\", charset=\"UTF-8\""
        return WebError(.unauthorized, "valid credentials are needed", headers: [("WWW-Authenticate", scheme)])
    }
}

/// The `Authorization` header, of the two schemes taken.
enum Credentials: Equatable {
    case basic(user: String, password: String)
    case bearer(String)

    /// nil for another scheme or a malformed value (RFC 7617, RFC 6750).
    init?(_ header: String) {
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        let value = parts[1].drop { $0 == " " }
        switch parts[0].lowercased() {
        case "bearer": self = .bearer(String(value))
        case "basic":
            guard let bytes = base64Decoded(value.utf8), let text = String(validating: bytes, as: UTF8.self),
                let colon = text.utf8.firstIndex(of: UInt8(ascii: ":"))
            else { return nil }
            self = .basic(user: String(text[..<colon]), password: String(text[text.utf8.index(after: colon)...]))
        case _: return nil
        }
    }
}

/// RFC 4648, section 4, padding optional. nil for a character of another alphabet.
func base64Decoded(_ text: some Sequence<UInt8>) -> [UInt8]? {
    var out: [UInt8] = []
    var bits: UInt32 = 0
    var count = 0
    var padding = 0
    for byte in text {
        let value: UInt32
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = UInt32(byte - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): value = UInt32(byte - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): value = UInt32(byte - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): value = 62
        case UInt8(ascii: "/"): value = 63
        case UInt8(ascii: "="):
            padding += 1
            continue
        case _: return nil
        }
        guard padding == 0 else { return nil }
        bits = bits << 6 | value
        count += 1
        if count % 4 == 0 {
            out.append(UInt8(truncatingIfNeeded: bits >> 16))
            out.append(UInt8(truncatingIfNeeded: bits >> 8))
            out.append(UInt8(truncatingIfNeeded: bits))
            bits = 0
        }
    }
    guard padding <= 2 else { return nil }
    switch count % 4 {
    case 0: return out
    case 2: out.append(UInt8(truncatingIfNeeded: bits >> 4))
    case 3:
        out.append(UInt8(truncatingIfNeeded: bits >> 10))
        out.append(UInt8(truncatingIfNeeded: bits >> 2))
    case _: return nil
    }
    return out
}
