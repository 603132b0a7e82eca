internal import MetricsModel

/// An alert that fires, and whether the direct receivers are told of it.
public struct AlertStatus: Sendable {
    public let alert: Notification
    /// When there was last word of it, in milliseconds since the epoch.
    public let updatedAt: Int64
    /// The receivers to which its routes lead.
    public let receivers: [String]
    /// Ids of the mutes that hold for it.
    public let mutedBy: [String]
    /// Fingerprints of the alerts that inhibit it: `AlertStatus.fingerprint`.
    public let inhibitedBy: [String]

    public var isSuppressed: Bool { !mutedBy.isEmpty || !inhibitedBy.isEmpty }

    /// As Alertmanager prints it: 16 hexadecimal digits.
    public var fingerprint: String { Self.fingerprint(alert.labels.fingerprint) }

    static func fingerprint(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// How many alerts fire without the direct receivers being told. An alert may be both muted and inhibited.
public struct SuppressionCounts: Sendable, Hashable {
    public let firing: Int
    public let muted: Int
    public let inhibited: Int
}

/// Which alerts nobody is told of, at one instant.
struct Suppression {
    private let mutes: Mutes
    private let inhibitions: InhibitionIndex
    private let now: Int64

    init(_ mutes: Mutes, _ dispatcher: Dispatcher, at now: Int64) {
        self.mutes = mutes
        self.now = now
        let rules = dispatcher.routing.inhibitions
        inhibitions = InhibitionIndex(rules, firing: rules.isEmpty ? [] : dispatcher.firing(at: now).map(\.labels))
    }

    func mutedBy(_ labels: Labels) -> [String] { mutes.active(for: labels, at: now) }

    func inhibitedBy(_ labels: Labels) -> [UInt64] { inhibitions.inhibitors(of: labels) }

    func holds(_ labels: Labels) -> Bool { !mutedBy(labels).isEmpty || !inhibitedBy(labels).isEmpty }
}
