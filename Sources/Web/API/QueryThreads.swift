import NIOPosix
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The threads on which queries are evaluated and their answers written. A few, and nobody else's: a heavy query delays neither a
/// scrape nor a rule, and a hundred of them wait for each other.
final class QueryThreads: TaskExecutor {
    /// Requests that may wait for a thread. A dashboard asks some dozens at once; beyond, the answer is 503 at once, not after a minute.
    private static let waitingMax = 200

    /// Where processors are few, scrapes and rules go first. The store's lock inherits priorities, so that nobody waits for a nice holder.
    private static let niceness: Int32 = 10

    private let threads: NIOThreadPool
    private let asked = Atomic(0)

    /// `count` queries compute at one time.
    init(count: Int) {
        threads = NIOThreadPool(numberOfThreads: max(1, count))
        threads.start()
    }

    deinit {
        threads.shutdownGracefully { _ in }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        threads.submit { _ in
            // On Linux the niceness is the thread's own (setpriority(2), "C library/kernel differences").
            _ = setpriority(Int32(PRIO_PROCESS.rawValue), 0, Self.niceness)
            job.runSynchronously(on: self.asUnownedTaskExecutor())
        }
    }

    /// Runs `body` on one of the threads, in a task of its own that is cancelled when the client leaves.
    func run(
        for request: WebRequest, _ body: @escaping @Sendable () throws(QueryFailure) -> WebResponse
    ) async throws(QueryFailure) -> WebResponse {
        let before = asked.wrappingAdd(1, ordering: .relaxed).oldValue
        defer { asked.wrappingSubtract(1, ordering: .relaxed) }
        guard before < Self.waitingMax else {
            throw QueryFailure(.unavailable, "\(before) queries are waiting already, try again later")
        }
        let task = Task<Result<WebResponse, QueryFailure>, Never>(executorPreference: self) {
            guard !Task.isCancelled else { return .failure(QueryFailure(.canceled, "query was canceled in query queue")) }
            do throws(QueryFailure) {
                return .success(try body())
            } catch {
                return .failure(error)
            }
        }
        request.departure.whenLeft { task.cancel() }
        defer { request.departure.forget() }
        let result = await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
        return try result.get()
    }
}
