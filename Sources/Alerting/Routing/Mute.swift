/// A time during which nobody is told of some alerts, set by somebody for a reason. Times are milliseconds since the epoch.
/// Alertmanager calls it a silence.
public struct Mute: Sendable, Identifiable {
    public enum State: String, Sendable, CaseIterable {
        case expired, active, pending
    }

    /// A UUID.
    public let id: String
    public let matchers: Matchers
    public internal(set) var startsAt: Int64
    public internal(set) var endsAt: Int64
    public internal(set) var updatedAt: Int64
    public let createdBy: String
    /// Why.
    public let comment: String

    public func state(at now: Int64) -> State {
        if now < startsAt { return .pending }
        return now > endsAt ? .expired : .active
    }
}

/// A mute as it is asked for.
public struct MuteDraft: Sendable {
    /// The mute that this one changes; nil for a new one.
    public var id: String?
    public var matchers: Matchers
    /// nil: now.
    public var startsAt: Int64?
    public var endsAt: Int64
    public var createdBy: String
    public var comment: String

    public init(
        id: String? = nil, matchers: Matchers, startsAt: Int64? = nil, endsAt: Int64, createdBy: String, comment: String
    ) {
        self.id = id
        self.matchers = matchers
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.createdBy = createdBy
        self.comment = comment
    }
}

/// A mute can't be set or ended.
public struct MuteError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: Sendable {
        case notFound
        case invalid
        /// There are as many as there may be.
        case tooMany
    }

    public let code: Code
    public let description: String
}
