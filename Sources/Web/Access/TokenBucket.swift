/// `burst` requests at once, and one more each interval: `golang.org/x/time/rate`, which exporter-toolkit uses.
struct TokenBucket: Sendable {
    let settings: RateLimitSettings
    private var tokens: Double
    private var last: ContinuousClock.Instant

    init(_ settings: RateLimitSettings, at now: ContinuousClock.Instant) {
        self.settings = settings
        tokens = Double(settings.burst)
        last = now
    }

    /// Takes a token when there is one.
    mutating func take(at now: ContinuousClock.Instant) -> Bool {
        let passed = max(0, (now - last) / settings.interval)
        last = max(last, now)
        tokens = min(Double(settings.burst), tokens + passed)
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }
}
