import Logging

/// What has to be done when the process ends, in the order of U3.
struct ShutdownHooks {
    /// Lower goes first.
    enum Priority: Int, Comparable {
        case closeDatabases = 1
        case closeCaches = 2
        case flushState = 3

        static func < (a: Priority, b: Priority) -> Bool { a.rawValue < b.rawValue }
    }

    private var hooks: [(priority: Priority, name: String, run: @Sendable () async throws -> Void)] = []

    /// Of one priority, the first registered runs first.
    mutating func register(_ priority: Priority, _ name: String, _ run: @escaping @Sendable () async throws -> Void) {
        hooks.append((priority, name, run))
    }

    /// Runs every hook, logs each, and goes on after one that fails: the others still have their work to do.
    func run(_ logger: Logger) async {
        let ordered = hooks.enumerated().sorted { ($0.element.priority, $0.offset) < ($1.element.priority, $1.offset) }
        for (_, hook) in ordered {
            do {
                try await hook.run()
                logger.info("shutdown: \(hook.name)")
            } catch {
                logger.error("shutdown: \(hook.name) failed: \(error)")
            }
        }
    }
}
