import NIOPosix
import Synchronization

/// Checks passwords against bcrypt hashes, one at a time on a thread of its own, and remembers the last answers: a scraper comes every few
/// seconds with the same password.
final class PasswordChecker: Sendable {
    /// What was asked. The fields are compared one by one: a key of joined texts let a known hash poison the cache (CVE-2022-46146).
    private struct Question: Hashable {
        let user: String
        let hash: String
        let password: String
    }

    private struct State {
        var answers: [Question: Bool] = [:]
        var waiting = 0
    }

    /// As many as exporter-toolkit keeps.
    private static let answersMax = 100
    /// At 50 ms each a client at the end of the line waits under two seconds.
    private static let waitingMax = 32

    enum Answer: Sendable {
        case matches, differs
        /// Too many are waiting.
        case busy
    }

    private let thread = NIOThreadPool(numberOfThreads: 1)
    private let state = Mutex(State())

    init() {
        thread.start()
    }

    /// `hash` is the user's, or any other hash for a user who does not exist: the answer then takes as long, and must not be used.
    func check(user: String, hash: String, password: String) async -> Answer {
        let question = Question(user: user, hash: hash, password: password)
        let known: Answer? = state.withLock { state in
            if let answer = state.answers[question] { return answer ? .matches : .differs }
            guard state.waiting < Self.waitingMax else { return .busy }
            state.waiting += 1
            return nil
        }
        if let known { return known }
        let matches: Bool?
        do {
            matches = try await thread.runIfActive { Bcrypt.matches(password, hash) }
        } catch {
            // The pool was stopped, or the request cancelled: no answer to remember.
            matches = nil
        }
        state.withLock { state in
            state.waiting -= 1
            guard let matches else { return }
            if state.answers.count >= Self.answersMax {
                for _ in 0..<(Self.answersMax / 10) {
                    guard let random = state.answers.keys.randomElement() else { break }
                    state.answers[random] = nil
                }
            }
            state.answers[question] = matches
        }
        guard let matches else { return .busy }
        return matches ? .matches : .differs
    }

    func stop() async {
        do {
            try await thread.shutdownGracefully()
        } catch {
            // Stopped already.
        }
    }
}
