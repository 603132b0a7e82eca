internal import MetricsModel

/// A receiver that groups by itself (Alertmanager) hears of each alert on its own.
extension Notification: Deliverable {
    struct Told: Sendable, Equatable {
        let startsAt: Int64
        let isResolved: Bool
    }

    static let goesAlone = false

    var key: UInt64 { labels.fingerprint }

    var alertCount: Int { 1 }

    /// The end of an alert is news for somebody who knows that the alert fires, is just being told, or knows of this very end. The
    /// last is sent again, as Prometheus does: an Alertmanager that restarts forgets its alerts. Nobody else needs to hear of it
    /// (alertmanager#2510).
    func standing(waiting: Notification?, inFlight: Notification?, told: Told?, now: Int64) -> Standing<Notification> {
        guard isResolved else { return .waits(self) }
        if let inFlight, !inFlight.isResolved { return .waits(self) }
        guard let told, !told.isResolved || told.startsAt == startsAt else { return .isNotNeeded }
        return .waits(self)
    }

    func told(_ outcome: DeliveryOutcome, before: Told?, now: Int64) -> Told? {
        switch outcome {
        case .delivered: Told(startsAt: startsAt, isResolved: isResolved)
        case .failed(let mayHaveArrived): mayHaveArrived && !isResolved ? Told(startsAt: startsAt, isResolved: false) : before
        case .refused: before
        }
    }

    static func put(_ item: Notification, into writer: inout ByteWriter) {
        writer.put(item.labels.pairs)
        writer.put(item.annotations)
        writer.put(item.startsAt)
        writer.put(item.endsAt)
        writer.put(UInt8(item.isResolved ? 1 : 0))
        writer.put(item.generatorURL)
    }

    static func item(_ reader: inout ByteReader) throws(ByteError) -> Notification {
        Notification(
            labels: Labels(try reader.labels()), annotations: try reader.labels(), startsAt: try reader.int64(),
            endsAt: try reader.int64(), isResolved: try reader.byte() == 1, generatorURL: try reader.text())
    }

    static func put(_ key: UInt64, into writer: inout ByteWriter) { writer.put(Int64(bitPattern: key)) }

    static func key(_ reader: inout ByteReader) throws(ByteError) -> UInt64 { UInt64(bitPattern: try reader.int64()) }

    static func put(_ told: Told, into writer: inout ByteWriter) {
        writer.put(told.startsAt)
        writer.put(UInt8(told.isResolved ? 1 : 0))
    }

    static func told(_ reader: inout ByteReader) throws(ByteError) -> Told {
        Told(startsAt: try reader.int64(), isResolved: try reader.byte() == 1)
    }
}
