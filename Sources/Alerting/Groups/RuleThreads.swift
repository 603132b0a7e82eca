internal import Glibc

/// Threads of their own for what rules do: an evaluation computes and reads for as long as it takes, and keeping alerts waits for the
/// disk. On the threads that all tasks share, two slow groups would hold the whole process.
///
/// Tasks that prefer this executor run here, with the default actors that they enter. Threads are started when work waits and all are
/// busy, and stay until the last reference goes.
final class RuleThreads: TaskExecutor {
    /// More groups than this that are due at once wait for one another: they would share the cores anyway.
    static let threadsMax = 8

    private let queue = Queue()

    init() {}

    deinit { queue.close() }

    func enqueue(_ job: consuming ExecutorJob) {
        if queue.add(UnownedJob(job)) { startThread() }
    }

    private func startThread() {
        var thread = pthread_t()
        let worker = Unmanaged.passRetained(Worker(queue: queue, executor: asUnownedTaskExecutor()))
        let status = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Worker>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, worker.toOpaque())
        if status == 0 {
            pthread_detach(thread)
        } else {
            // The threads that are there go on; without any, this one has to do it.
            worker.release()
            if queue.threadNotStarted() == 0 { queue.runAll(asUnownedTaskExecutor()) }
        }
    }

    /// What one thread does until the queue is closed.
    private final class Worker: Sendable {
        private let queue: Queue
        private let executor: UnownedTaskExecutor

        init(queue: Queue, executor: UnownedTaskExecutor) {
            self.queue = queue
            self.executor = executor
        }

        func run() {
            while let job = queue.take() { job.runSynchronously(on: executor) }
        }
    }

    /// Jobs in the order in which they came. The mutex guards every field: hence unchecked.
    private final class Queue: @unchecked Sendable {
        private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
        private var jobs: [UnownedJob] = []
        private var first = 0
        private var threads = 0
        private var idle = 0
        private var isClosed = false

        init() {
            pthread_mutex_init(mutex, nil)
            pthread_cond_init(condition, nil)
        }

        deinit {
            pthread_cond_destroy(condition)
            pthread_mutex_destroy(mutex)
            condition.deallocate()
            mutex.deallocate()
        }

        /// - Returns: whether another thread is wanted; it is counted already.
        func add(_ job: UnownedJob) -> Bool {
            pthread_mutex_lock(mutex)
            defer { pthread_mutex_unlock(mutex) }
            jobs.append(job)
            if idle >= jobs.count - first {
                pthread_cond_signal(condition)
                return false
            }
            guard threads < RuleThreads.threadsMax else { return false }
            threads += 1
            return true
        }

        /// Waits for a job; nil when there will be none.
        func take() -> UnownedJob? {
            pthread_mutex_lock(mutex)
            defer { pthread_mutex_unlock(mutex) }
            while first == jobs.count {
                if isClosed { return nil }
                idle += 1
                pthread_cond_wait(condition, mutex)
                idle -= 1
            }
            return popFirst()
        }

        func runAll(_ executor: UnownedTaskExecutor) {
            while let job = takeWaiting() { job.runSynchronously(on: executor) }
        }

        /// - Returns: how many threads there are.
        func threadNotStarted() -> Int {
            pthread_mutex_lock(mutex)
            defer { pthread_mutex_unlock(mutex) }
            threads -= 1
            return threads
        }

        func close() {
            pthread_mutex_lock(mutex)
            defer { pthread_mutex_unlock(mutex) }
            isClosed = true
            pthread_cond_broadcast(condition)
        }

        private func takeWaiting() -> UnownedJob? {
            pthread_mutex_lock(mutex)
            defer { pthread_mutex_unlock(mutex) }
            return first == jobs.count ? nil : popFirst()
        }

        /// The caller holds the mutex, and there is a job.
        private func popFirst() -> UnownedJob {
            let job = jobs[first]
            first += 1
            if first == jobs.count {
                jobs.removeAll(keepingCapacity: true)
                first = 0
            }
            return job
        }
    }
}
