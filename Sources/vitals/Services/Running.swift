import ServiceLifecycle

/// A service out of something that runs until it is cancelled.
struct Running: Service {
    private let name: String
    private let beforeEnd: @Sendable () async -> Void
    private let body: @Sendable () async throws -> Void

    /// `before` runs at a graceful shutdown, while `body` still runs.
    init(
        _ name: String, before beforeEnd: @escaping @Sendable () async -> Void = {},
        _ body: @escaping @Sendable () async throws -> Void
    ) {
        self.name = name
        self.beforeEnd = beforeEnd
        self.body = body
    }

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await body()
                    // Nothing left to do is no reason to end the others: a service that ends would end the whole group.
                    await waitForShutdown()
                } catch is CancellationError {
                    // The way in which it ends.
                }
            }
            group.addTask {
                do {
                    try await gracefulShutdown()
                } catch is CancellationError {
                    return
                }
                await beforeEnd()
            }
            try await group.next()
            group.cancelAll()
        }
    }
}

/// Returns when the process is told to stop.
private func waitForShutdown() async {
    do {
        try await gracefulShutdown()
    } catch {
        // Cancelled: the end as well.
    }
}

extension Running: CustomStringConvertible {
    var description: String { name }
}
