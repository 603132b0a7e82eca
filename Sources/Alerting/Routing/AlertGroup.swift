internal import MetricsModel

/// The alerts of which one receiver is told together, and when.
struct AlertGroup: Sendable {
    /// Routes with equal matchers, grouping and receiver share their groups.
    struct ID: Hashable, Sendable, Comparable {
        let key: String
        let receiver: String

        static func < (a: ID, b: ID) -> Bool { a.key != b.key ? a.key < b.key : a.receiver < b.receiver }
    }

    let id: ID
    let labels: Labels
    let groupInterval: Int64
    let repeatInterval: Int64
    /// Fingerprints.
    var alerts: Set<UInt64> = []
    /// When the receiver is told next what is new; milliseconds since the epoch.
    var nextFlush: Int64
    var hasFlushed: Bool
}

/// What a receiver would be told of a group at one instant.
struct GroupCut: Sendable {
    let group: AlertGroup.ID
    /// Without alerts when all of them are muted or inhibited.
    let page: Page
    /// Milliseconds.
    let repeatInterval: Int64
    /// The alerts that are over, as they stood: once told, the group forgets them.
    let over: [Notification]
}
