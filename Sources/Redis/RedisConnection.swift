import NIOCore
import NIOPosix
import Synchronization

/// One connection to a Redis. Commands of one caller go out in one write; callers take turns. It lives on its event loop.
///
/// A caller that leaves at its deadline gets the replies that have come; the connection reads the others and drops them, and is usable
/// again when the server has answered them. It never heals: once closed, a new one is needed (`RedisSession` does that).
public actor RedisConnection {
    nonisolated let loop: any EventLoop
    nonisolated let url: RedisURL
    nonisolated let limits: RedisLimits
    private let openFlag = Atomic<Bool>(true)

    private var queue: PipelineQueue
    private var decoder: ReplyDecoder
    private var channel: (any Channel)?
    private var callers: [Int: Caller] = [:]
    private var lastCaller = 0
    /// Bytes of replies since the last write, while somebody waits for them.
    private var answeredBytes = 0
    private var writes: UInt64 = 0
    private var watchdog: Scheduled<Void>?
    private var lastProgress = NIODeadline.now()
    private var closing: [CheckedContinuation<Void, Never>] = []

    private struct Caller {
        let continuation: CheckedContinuation<[Result<RedisReply, RedisError>], Never>
        let timer: Scheduled<Void>
    }

    nonisolated public var unownedExecutor: UnownedSerialExecutor {
        unsafe loop.executor.asUnownedSerialExecutor()
    }

    /// Begins to connect, on a loop of the process' shared threads, and returns at once; `pipeline` waits for the connection as long as its deadline allows.
    public init(opening url: RedisURL, clientName: String?, limits: RedisLimits = RedisLimits()) {
        loop = MultiThreadedEventLoopGroup.singleton.next()
        self.url = url
        self.limits = limits
        queue = PipelineQueue(greeting: Greeting(url, clientName: clientName), waitingMax: limits.waitingMax)
        decoder = ReplyDecoder(limits: limits)
        begin(url, limits)
    }

    /// Connects, authenticates and selects the database. Throws what went wrong, `.late` at the deadline; then nothing stays open.
    public static func connect(
        _ url: RedisURL, clientName: String? = nil, limits: RedisLimits = RedisLimits(),
        deadline: ContinuousClock.Instant
    ) async throws(RedisError) -> RedisConnection {
        let connection = RedisConnection(opening: url, clientName: clientName, limits: limits)
        let answer = await connection.pipeline([RedisCommand("PING")], deadline: deadline).first
        if case .failure(let error) = answer, error.isConnectionFailure || error.code == .late || !connection.isOpen {
            await connection.close()
            throw error
        }
        return connection
    }

    /// False once it is closed, for whatever reason. Readable from anywhere.
    nonisolated public var isOpen: Bool { openFlag.load(ordering: .acquiring) }

    /// Replies are owed, or the connection is not made yet: a caller would wait.
    public var isBusy: Bool { queue.isBusy }

    /// Pipelines written so far, the greeting not counted.
    public var roundTrips: UInt64 { writes }

    /// Sends all commands in one write. One result per command, in order. A failing command fails alone; what has not come at the
    /// deadline is `.late`. Never throws; with a broken connection every missing reply is the reason.
    public func pipeline(
        _ commands: [RedisCommand], deadline: ContinuousClock.Instant
    ) async -> [Result<RedisReply, RedisError>] {
        lastCaller += 1
        let caller = lastCaller
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let late = RedisError(.late, "no reply before the deadline")
                let timer = loop.scheduleTask(deadline: .now() + TimeAmount(ContinuousClock.now.duration(to: deadline))) {
                    self.assumeIsolated { $0.leave(caller, with: late) }
                }
                callers[caller] = Caller(continuation: continuation, timer: timer)
                perform(queue.submit(caller, commands))
                if Task.isCancelled { leave(caller, with: RedisError(.cancelled, "the task was cancelled")) }
            }
        } onCancel: {
            loop.execute {
                self.assumeIsolated { $0.leave(caller, with: RedisError(.cancelled, "the task was cancelled")) }
            }
        }
    }

    /// Closes and returns when the socket is closed.
    public func close() async {
        finish(RedisError(.closed, "the connection was closed by this side"))
        guard let channel, channel.isActive else { return }
        await withCheckedContinuation { continuation in
            channel.closeFuture.whenComplete { _ in continuation.resume() }
        }
    }

    // MARK: Events of the channel, on the loop

    func connected(_ channel: any Channel) {
        guard isOpen else {
            channel.close(promise: nil)
            return
        }
        self.channel = channel
        perform(queue.opened())
    }

    func received(_ buffer: ByteBuffer) {
        guard isOpen else { return }
        lastProgress = .now()
        answeredBytes = queue.isAwaited ? answeredBytes + buffer.readableBytes : 0
        var actions: [PipelineQueue.Action] = []
        do {
            guard answeredBytes <= limits.pipelineSizeBytesMax else {
                throw RedisError(.replyTooLarge, "the replies have more than \(limits.pipelineSizeBytesMax) bytes")
            }
            try unsafe buffer.withUnsafeReadableBytes { bytes in
                try unsafe decoder.feed(bytes) { actions += queue.received($0) }
            }
        } catch {
            perform(actions)
            finish(error as? RedisError ?? RedisError(.malformedReply, "\(error)"))
            return
        }
        perform(actions)
    }

    /// The channel failed or was closed, or never came to be.
    func finish(_ reason: RedisError) {
        guard isOpen else { return }
        perform(queue.closed(reason) + [.close])
    }

    // MARK: Private

    private func leave(_ caller: Int, with error: RedisError) {
        perform(queue.left(caller, with: error))
    }

    private func perform(_ actions: [PipelineQueue.Action]) {
        for action in actions {
            switch action {
            case .send(let commands): write(commands)
            case .answer(let id, let answers):
                guard let caller = callers.removeValue(forKey: id) else { continue }
                caller.timer.cancel()
                caller.continuation.resume(returning: answers)
            case .close:
                openFlag.store(false, ordering: .releasing)
                watchdog?.cancel()
                channel?.close(promise: nil)
            }
        }
    }

    private func write(_ commands: [RedisCommand]) {
        guard let channel else { return }
        var buffer = channel.allocator.buffer(capacity: commands.reduce(0) { $0 + $1.encoded.count })
        for command in commands { buffer.writeBytes(command.encoded) }
        answeredBytes = 0
        writes += 1
        lastProgress = .now()
        channel.writeAndFlush(buffer, promise: nil)
        if watchdog == nil { watch() }
    }

    /// Looks now and then whether a connection that owes replies still brings any.
    private func watch() {
        let silenceMax = TimeAmount(limits.silenceMax)
        watchdog = loop.scheduleTask(deadline: lastProgress + silenceMax) {
            self.assumeIsolated { connection in
                connection.watchdog = nil
                guard connection.queue.owesReplies else { return }
                guard NIODeadline.now() - connection.lastProgress >= silenceMax else { return connection.watch() }
                connection.finish(RedisError(.closed, "the server has been silent for \(connection.limits.silenceMax)"))
            }
        }
    }
}

extension TimeAmount {
    /// Durations beyond the range of nanoseconds (292 years) are cut to it.
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        // A deadline is now plus this: half of the range keeps the sum in it.
        let bound = Int64.max / 4
        let nanoseconds = overflow ? (seconds < 0 ? -bound : bound) : min(max(scaled, -bound), bound)
        self = .nanoseconds(nanoseconds + attoseconds / 1_000_000_000)
    }
}
