internal import MetricsModel

/// Carries notifications to receivers: a bounded queue on disk and a worker for each, so that a slow or dead receiver delays
/// neither the evaluation nor the others.
///
///     let outbox = Outbox([AlertmanagerNotifier(…)], directory: path + "/outbox", onEvent: { … })
///     await outbox.run()                       // until cancelled
///     await outbox.drain(within: .seconds(5))  // before that, at shutdown
public final class Outbox: Sendable {
    /// Attempts shown per receiver.
    public static let attemptsKept = 50

    private let lanes: [OutboxLane]
    private let clock: any WallClock

    /// - Parameters:
    ///   - receivers: with unique names.
    ///   - directory: where the queues live; created when needed. nil keeps them in memory only.
    public convenience init(
        _ receivers: [any Notifier], directory: String?, clock: any WallClock = SystemWallClock(),
        onEvent: @escaping @Sendable (OutboxEvent) -> Void
    ) {
        self.init(
            receivers, directory: directory, limits: OutboxQueue.Limits(), clock: clock,
            jitter: { Double.random(in: 0...1) }, onEvent: onEvent)
    }

    init(
        _ receivers: [any Notifier], directory: String?, limits: OutboxQueue.Limits, clock: any WallClock,
        jitter: @escaping @Sendable () -> Double, onEvent: @escaping @Sendable (OutboxEvent) -> Void
    ) {
        self.clock = clock
        if let directory {
            do {
                try DurableFile.createDirectory(directory)
            } catch {
                // Each lane will say that its journal fails, and why.
            }
        }
        lanes = receivers.map { receiver in
            let path = directory.map { "\($0)/\(Self.fileName(receiver.name)).journal" }
            return OutboxLane(receiver, limits: limits, journalPath: path, clock: clock, jitter: jitter, onEvent: onEvent)
        }
    }

    /// The receivers in the order in which they were given.
    public var receivers: [ReceiverSnapshot] { lanes.map(\.snapshot) }

    /// Queues notifications for every receiver. Returns when they are on disk; never waits for a receiver.
    public func enqueue(_ notifications: [Notification]) async {
        for lane in lanes { await lane.enqueue(notifications) }
    }

    /// Delivers until cancelled. Called once.
    public func run() async {
        await withDiscardingTaskGroup { group in
            for lane in lanes { group.addTask { await lane.run() } }
        }
    }

    /// Delivers what waits, each receiver until its queue is empty or an attempt fails, and no longer than `deadline`. What is left
    /// stays on disk. To be called while `run` still runs.
    public func drain(within deadline: Duration) async {
        let (seconds, attoseconds) = deadline.components
        let end = clock.now + seconds * 1_000 + attoseconds / 1_000_000_000_000_000
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [lanes] in
                await withDiscardingTaskGroup { group in
                    for lane in lanes { group.addTask { await lane.drain() } }
                }
            }
            group.addTask { [clock] in
                do {
                    try await clock.sleep(until: end)
                } catch {
                    // Everything is drained before the deadline.
                }
            }
            await group.next()
            group.cancelAll()
        }
    }

    /// A name as it may stand in a path, unique through its checksum.
    private static func fileName(_ name: String) -> String {
        let safe = name.utf8.prefix(40).map { byte -> UInt8 in
            let isSafe = byte < 0x80 && (Character(Unicode.Scalar(byte)).isLetter || Character(Unicode.Scalar(byte)).isNumber)
            return isSafe ? byte : UInt8(ascii: "-")
        }
        return String(decoding: safe, as: UTF8.self) + "-" + String(CRC32.checksum(name.utf8), radix: 16)
    }
}
