import Health
import MetricsModel

/// `/api/postgres/locks`: who waits for whom on the sampled servers at this moment, in the frame of Prometheus' API.
struct LocksAPI: Sendable {
    let sources: WebSources

    @Sendable func locks(_ request: WebRequest) async throws -> WebResponse {
        guard let locks = sources.locks else { throw QueryFailure(.notFound, "no Postgres is sampled here") }
        let wanted = APIParameters(form: request.query)["target"]
        let trees = await locks(wanted.isEmpty ? nil : wanted)
        if !wanted.isEmpty, trees.isEmpty { throw QueryFailure(.notFound, "no Postgres target is named \(quoted(wanted))") }
        return successResponse { json in
            json.object { json in
                json.key("targets")
                json.array { json in
                    for tree in trees { json.lockTree(tree) }
                }
            }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func lockTree(_ tree: LockTreeView) {
        object { json in
            json.member("target", tree.target)
            json.key("sessions")
            json.array { json in
                for session in tree.sessions { json.session(session) }
            }
            if let error = tree.error { json.member("error", error) }
        }
    }

    private mutating func session(_ session: LockTreeView.Session) {
        object { json in
            json.member("pid", session.pid)
            json.member("depth", session.depth)
            json.key("waitsFor")
            json.array { json in
                for blocker in session.blockers { json.value(blocker) }
            }
            json.member("user", session.user)
            json.member("datname", session.database)
            json.member("application", session.application)
            json.member("state", session.state)
            if let seconds = session.transactionSeconds { json.member("transactionSeconds", seconds) }
            if let seconds = session.waitSeconds { json.member("waitSeconds", seconds) }
            if let lock = session.lock { json.member("lock", lock) }
            if let text = session.text { json.member("query", text) }
        }
    }
}
