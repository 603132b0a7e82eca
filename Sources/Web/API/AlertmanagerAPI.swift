import Alerting
import HTTPTypes
import Health
import MetricsModel
import NIOCore

/// The parts of Alertmanager's API v2 that concern mutes (`silences` there) and who is told of what
/// (https://github.com/prometheus/alertmanager, api/v2/openapi.yaml), so that amtool and its kind work with Vitals.
struct AlertmanagerAPI: Sendable {
    /// A mute is some matchers and a sentence.
    private static let bodyBytesMax = 64 << 10

    let notifications: Notifications
    let build: BuildView
    let now: @Sendable () -> Int64
    let startedAt: Int64

    // MARK: Mutes

    @Sendable func mutes(_ request: WebRequest) async throws(WebError) -> WebResponse {
        let filter: Matchers
        do {
            filter = try Matchers(parsing: request.query.all("filter"))
        } catch {
            return failure(400, error.description)
        }
        let now = now()
        let shown = notifications.allMutes.filter { Self.passes($0, filter) }.sorted { Self.precedes($0, $1, now: now) }
        return list { json in
            for mute in shown { json.mute(mute, now: now) }
        }
    }

    @Sendable func mute(_ request: WebRequest) async throws(WebError) -> WebResponse {
        guard let mute = notifications.mute(id: request.parameters["id"] ?? "") else { return failure(404, "silence not found") }
        var json = JSONWriter()
        json.mute(mute, now: now())
        return .json(json.bytes)
    }

    @Sendable func setMute(_ request: WebRequest) async throws(WebError) -> WebResponse {
        let body = try await request.body(upTo: Self.bodyBytesMax)
        do {
            let mute = try await notifications.mute(try MuteDraft(json: Array(body.readableBytesView)))
            var json = JSONWriter()
            json.object { json in json.member("silenceID", mute.id) }
            return .json(json.bytes)
        } catch let error as MuteError {
            return failure(error)
        } catch {
            return failure(400, "\(error)")
        }
    }

    @Sendable func endMute(_ request: WebRequest) async throws(WebError) -> WebResponse {
        do throws(MuteError) {
            try await notifications.unmute(request.parameters["id"] ?? "")
            return .json([])
        } catch {
            return failure(error)
        }
    }

    // MARK: Alerts and status

    @Sendable func alerts(_ request: WebRequest) async throws(WebError) -> WebResponse {
        let query = request.query
        let filter: Matchers
        let receiver: LabelMatcher?
        do throws(MatcherError) {
            filter = try Matchers(parsing: query.all("filter"))
            receiver = try query["receiver"].map { text throws(MatcherError) in try Matchers.matcher("receiver", .regex, text) }
        } catch {
            return failure(400, error.description)
        }
        func wants(_ name: String) -> Bool { query[name] != "false" }
        let (active, muted, inhibited) = (wants("active"), wants("silenced"), wants("inhibited"))
        let shown = notifications.alerts.filter { alert in
            if !alert.isSuppressed, !active { return false }
            if !alert.mutedBy.isEmpty, !muted { return false }
            if !alert.inhibitedBy.isEmpty, !inhibited { return false }
            if let receiver, !alert.receivers.contains(where: { receiver.matches($0) }) { return false }
            return filter.matches(alert.alert.labels)
        }
        return list { json in
            for alert in shown.sorted(by: { $0.fingerprint < $1.fingerprint }) { json.alert(alert) }
        }
    }

    @Sendable func receivers(_ request: WebRequest) async throws(WebError) -> WebResponse {
        let names = notifications.routedReceivers
        return list { json in
            for name in names { json.object { json in json.member("name", name) } }
        }
    }

    @Sendable func status(_ request: WebRequest) async throws(WebError) -> WebResponse {
        var json = JSONWriter()
        json.object { json in
            json.key("cluster")
            json.object { json in
                json.member("status", "disabled")
                json.key("peers")
                json.array { _ in }
            }
            json.key("config")
            // The file holds secrets.
            json.object { json in json.member("original", "# Vitals does not show its configuration.\n") }
            json.member("uptime", isoTimestamp(startedAt))
            json.key("versionInfo")
            json.object { json in
                json.member("branch", build.branch)
                json.member("buildDate", build.buildDate)
                json.member("buildUser", "")
                json.member("goVersion", "")
                json.member("revision", build.revision)
                json.member("version", build.version)
            }
        }
        return .json(json.bytes)
    }

    // MARK: -

    /// Alertmanager compares with the texts of the mute's own matchers.
    private static func passes(_ mute: Mute, _ filter: Matchers) -> Bool {
        filter.all.allSatisfy { wanted in
            let own = mute.matchers.all.last { $0.name == wanted.name }
            switch wanted.op {
            case .equal, .regex: return own.map { wanted.matches($0.value) } ?? false
            case .notEqual, .notRegex: return wanted.matches(own?.value ?? "")
            }
        }
    }

    /// Active before pending before expired; the next to end, to begin, the newest ended first.
    private static func precedes(_ a: Mute, _ b: Mute, now: Int64) -> Bool {
        let (x, y) = (a.state(at: now), b.state(at: now))
        func rank(_ state: Mute.State) -> Int {
            switch state {
            case .active: 0
            case .pending: 1
            case .expired: 2
            }
        }
        guard x == y else { return rank(x) < rank(y) }
        switch x {
        case .active: return (a.endsAt, a.id) < (b.endsAt, b.id)
        case .pending: return (a.startsAt, a.id) < (b.startsAt, b.id)
        case .expired: return a.endsAt == b.endsAt ? a.id < b.id : a.endsAt > b.endsAt
        }
    }

    private func list(_ elements: (inout JSONWriter) -> Void) -> WebResponse {
        var json = JSONWriter()
        json.array(elements)
        return .json(json.bytes)
    }

    private func failure(_ error: MuteError) -> WebResponse {
        switch error.code {
        case .notFound: failure(404, error.description)
        case .invalid: failure(400, error.description)
        case .tooMany: failure(429, error.description)
        }
    }

    /// A JSON text, as Alertmanager words its errors.
    private func failure(_ status: Int, _ message: String) -> WebResponse {
        var json = JSONWriter()
        json.value(message)
        return .json(json.bytes, status: status)
    }
}

extension Route {
    /// Reading is a reader's, changing an administrator's.
    static func alertmanagerAPI(_ notifications: Notifications, _ sources: WebSources) -> [Route] {
        let clock = SystemWallClock()
        let api = AlertmanagerAPI(
            notifications: notifications, build: sources.build, now: { clock.now }, startedAt: clock.now)
        return [
            Route([.get], "/api/v2/status", handle: api.status),
            Route([.get], "/api/v2/receivers", handle: api.receivers),
            Route([.get], "/api/v2/alerts", handle: api.alerts),
            Route([.get], "/api/v2/silences", handle: api.mutes),
            Route([.post], "/api/v2/silences", .administrator, handle: api.setMute),
            Route([.get], "/api/v2/silence/{id}", handle: api.mute),
            Route([.delete], "/api/v2/silence/{id}", .administrator, handle: api.endMute),
        ]
    }
}
