internal import FoundationEssentials
internal import Glibc
internal import Synchronization

/// A program run as a child, in a process group of its own so that a terminal's Ctrl-C does not reach it. It does not outlive its
/// parent, however that ends.
public final class ChildProcess: Sendable {
    /// What to run, and how.
    public struct Command: Sendable {
        public var program: String
        public var arguments: [String]
        /// Standard output and error are appended here.
        public var log: String
        /// The directory to run in.
        public var directory: String
        /// A user to become; needs root.
        public var user: SystemUser?
        /// Variables besides `PATH` and `LC_ALL`.
        public var environment: [String: String] = [:]
        /// What asks the program to end.
        public var stopSignal: Int32 = SIGTERM

        public init(_ program: String, _ arguments: [String], log: String, directory: String) {
            self.program = program
            self.arguments = arguments
            self.log = log
            self.directory = directory
        }
    }

    private struct State {
        var exit: Int32?
        var waiters: [CheckedContinuation<Int32, Never>] = []
    }

    public let command: Command
    public let pid: Int32
    private let state: Reference

    private final class Reference: Sendable {
        let state = Mutex(State())
    }

    /// Starts the program. Throws `missingProgram` or `system`.
    public init(_ command: Command) async throws(DemoError) {
        self.command = command
        let words = try ChildProcess.words(command)
        let reference = Reference()
        state = reference
        let started = await withCheckedContinuation { (continuation: CheckedContinuation<Int32, Never>) in
            // The kernel's 'signal me when my parent dies' means the parent's thread: it must live as long as the child, so the
            // thread that starts it also waits for it.
            let status = startThread {
                let pid = ChildProcess.spawn(words, command)
                continuation.resume(returning: pid)
                guard pid > 0 else { return }
                var status: Int32 = 0
                while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
                let exited = status & 0x7F == 0
                let code = exited ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
                let waiters = reference.state.withLock { state in
                    state.exit = code
                    defer { state.waiters = [] }
                    return state.waiters
                }
                for waiter in waiters { waiter.resume(returning: code) }
            }
            if status != 0 { continuation.resume(returning: -status) }
        }
        guard started > 0 else { throw DemoError(.system, "cannot start \(command.program) (errno \(-started))") }
        pid = started
        ChildProcess.running.withLock { running in
            running = running.filter { $0.value.process?.exitCode == nil && $0.value.process != nil }
            running[started] = Weak(process: self)
        }
    }

    /// Its exit code, or 128 + the signal that ended it; nil while it runs.
    public var exitCode: Int32? { state.state.withLock { $0.exit } }

    /// Waits until it has ended.
    public func waitForExit() async -> Int32 {
        await withCheckedContinuation { continuation in
            let exit = state.state.withLock { state in
                if state.exit == nil { state.waiters.append(continuation) }
                return state.exit
            }
            if let exit { continuation.resume(returning: exit) }
        }
    }

    /// Asks it to end, and after `grace` ends it and all it started.
    public func stop(grace: Duration = .seconds(10)) async {
        guard exitCode == nil else { return }
        thaw()
        Glibc.kill(pid, command.stopSignal)
        let deadline = ContinuousClock.now + grace
        while exitCode == nil, ContinuousClock.now < deadline {
            // Cancellation ends the patience, not the stop.
            do { try await Task.sleep(for: .milliseconds(10)) } catch { break }
        }
        if exitCode == nil {
            kill()
            _ = await waitForExit()
        }
    }

    /// Ends it and all it started, at once.
    public func kill() { signalTree(SIGKILL) }

    /// Ends it and all it started, and waits until none of them is left: a server that is started again at once would otherwise meet
    /// what remains of the old one.
    public func killAndWait() async {
        let children = ChildProcess.descendants(of: pid)
        kill()
        _ = await waitForExit()
        for _ in 0..<200 where children.contains(where: ChildProcess.isAlive) {
            do { try await Task.sleep(for: .milliseconds(10)) } catch { break }
        }
    }

    private static func isAlive(_ pid: Int32) -> Bool { status(of: pid).map { $0.first != "Z" } ?? false }

    /// Stops it and all it started where they are: its sockets stay open and say nothing.
    public func freeze() { signalTree(SIGSTOP) }

    public func thaw() { signalTree(SIGCONT) }

    public func signal(_ number: Int32) {
        if exitCode == nil { Glibc.kill(pid, number) }
    }

    /// By parentage and not by process group: Postgres gives each of its processes a group of its own.
    private func signalTree(_ number: Int32) {
        guard exitCode == nil else { return }
        // Looked up first: the children of a process that has ended are nobody's.
        let children = ChildProcess.descendants(of: pid)
        Glibc.kill(pid, number)
        for child in children { Glibc.kill(child, number) }
    }

    /// Every child that runs now.
    private static let running = Mutex<[Int32: ChildProcess.Weak]>([:])

    private struct Weak: Sendable {
        weak let process: ChildProcess?
    }

    /// Ends every child and waits until they are gone: for an exit handler that removes what they write to.
    public static func killAll() {
        let all = running.withLock { $0.values.compactMap(\.process) }
        for child in all { child.kill() }
        for child in all {
            for _ in 0..<200 where child.exitCode == nil { usleep(10_000) }
        }
    }

    /// Runs a program to its end. Throws `system` with the end of its output when its exit code is not 0.
    public static func run(_ command: Command) async throws(DemoError) {
        let process = try await ChildProcess(command)
        let code = await process.waitForExit()
        guard code != 0 else { return }
        throw DemoError(.system, "\(command.program) ended with \(code): \(tail(of: command.log))")
    }

    /// Waits until `check` says yes. Throws `notReady` with the end of the log when the process ends first or time runs out.
    public func waitUntilReady(within limit: Duration = .seconds(30), _ check: @Sendable () async -> Bool) async throws(DemoError)
    {
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline {
            if let exitCode {
                throw DemoError(
                    .notReady, "\(command.program) ended with \(exitCode): \(ChildProcess.tail(of: command.log))")
            }
            if await check() { return }
            do { try await Task.sleep(for: .milliseconds(20)) } catch { break }
        }
        throw DemoError(.notReady, "\(command.program) is not ready: \(ChildProcess.tail(of: command.log))")
    }

    /// The last lines of a log.
    static func tail(of log: String) -> String {
        guard let data = FileManager.default.contents(atPath: log) else { return "no output" }
        return String(decoding: data.suffix(2000), as: UTF8.self).split(separator: "\n").suffix(8).joined(separator: " | ")
    }
}

extension ChildProcess {
    /// env changes the directory, setpriv the user, and asks the kernel to end the program with its parent.
    private static func words(_ command: Command) throws(DemoError) -> [String] {
        var words = [try Programs.path(of: "env"), "-C", command.directory]
        words += [try Programs.path(of: "setpriv"), "--pdeathsig", "KILL"]
        if let user = command.user {
            words += ["--reuid=\(user.uid)", "--regid=\(user.gid)", "--clear-groups"]
            if user.needsSearchRight { words += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"] }
        }
        return words + [command.program] + command.arguments
    }

    /// The process id, or the negative errno.
    private static func spawn(_ words: [String], _ command: Command) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, command.log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // A socket of the parent's that was not opened close-on-exec must not live on in a server.
        // (glibc ignores the closing of one that is not open any more.)
        let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        for descriptor in open.compactMap({ Int32($0) }) where descriptor > 2 {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        var variables = ["PATH": path, "LC_ALL": "C.UTF-8", "HOME": command.directory]
        variables.merge(command.environment) { $1 }
        var arguments = words.map { strdup($0) } + [nil]
        var environment = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in arguments + environment { free(text) } }
        var pid: pid_t = 0
        let status = posix_spawn(&pid, words[0], &actions, &attributes, &arguments, &environment)
        return status == 0 ? pid : -status
    }

    /// State, parent and so on from /proc; nil when the process has ended and was reaped. The line reads `pid (name) state ppid …`;
    /// the name can hold anything, so what follows its last parenthesis counts.
    private static func status(of pid: Int32) -> [Substring]? {
        guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/stat"),
            let end = data.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        return String(decoding: data[(end + 1)...], as: UTF8.self).split(separator: " ")
    }

    private static func descendants(of root: Int32) -> [Int32] {
        var children: [Int32: [Int32]] = [:]
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        for pid in entries.compactMap({ Int32($0) }) {
            guard let fields = status(of: pid), fields.count > 1, let parent = Int32(fields[1]) else { continue }
            children[parent, default: []].append(pid)
        }
        var found: [Int32] = []
        var next = [root]
        while let pid = next.popLast() {
            let own = children[pid] ?? []
            found += own
            next += own
        }
        return found
    }
}

private final class ThreadBody {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

/// Runs `body` on a thread of its own, which nobody joins. Returns 0, or the errno.
private func startThread(_ body: @escaping @Sendable () -> Void) -> Int32 {
    let box = Unmanaged.passRetained(ThreadBody(body))
    var thread = pthread_t()
    let status = pthread_create(
        &thread, nil,
        { argument in
            guard let argument else { return nil }
            Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run()
            return nil
        }, box.toOpaque())
    if status == 0 { pthread_detach(thread) } else { box.release() }
    return status
}
