import Alerting
import HTTPTypes
import Health
import MetricsModel
import NIOCore
import Records

/// The parts of Alertmanager's API v2 that concern mutes (`silences` there) and who is told of what
/// (https://github.com/prometheus/alertmanager, api/v2/openapi.yaml), so that amtool and its kind work with Vitals.
struct AlertmanagerAPI: Sendable {
    /// A mute is some matchers and a sentence.
    private static let bodyBytesMax = 64 << 10
    private static let matchersMax = 100

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
            let mute = try await notifications.mute(try Self.draft(Array(body.readableBytesView)))
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

    /// What is wrong with a body.
    private struct BodyError: Error, CustomStringConvertible {
        let description: String
    }

    private static func draft(_ body: [UInt8]) throws -> MuteDraft {
        let value: JSONValue
        do {
            value = try JSONValue(bytes: body)
        } catch {
            throw BodyError(description: "parsing silence body failed: \(error)")
        }
        guard case .object(let json) = value else { throw BodyError(description: "the body is no object") }
        func text(_ name: String) throws(BodyError) -> String {
            guard case .string(let text)? = json[name] else { throw BodyError(description: "\(name) in body is required") }
            return text
        }
        func time(_ name: String) throws(BodyError) -> Int64 {
            guard let time = Timestamp.milliseconds(rfc3339: try text(name)) else {
                throw BodyError(description: "\(name) in body must be of type date-time")
            }
            return time
        }
        guard case .array(let list)? = json["matchers"] else { throw BodyError(description: "matchers in body is required") }
        guard list.count <= matchersMax else { throw BodyError(description: "at most \(matchersMax) matchers") }
        var matchers: [LabelMatcher] = []
        for item in list {
            guard case .object(let item) = item, case .string(let name)? = item["name"], !name.isEmpty,
                case .string(let value)? = item["value"]
            else {
                throw BodyError(description: "a matcher needs a name and a value")
            }
            let isRegex = if case .bool(true)? = item["isRegex"] { true } else { false }
            let isEqual = if case .bool(false)? = item["isEqual"] { false } else { true }
            matchers.append(
                try Matchers.matcher(name, isRegex ? (isEqual ? .regex : .notRegex) : (isEqual ? .equal : .notEqual), value))
        }
        var draft = MuteDraft(
            matchers: Matchers(matchers), startsAt: try time("startsAt"), endsAt: try time("endsAt"),
            createdBy: try text("createdBy"), comment: try text("comment"))
        if case .string(let id)? = json["id"], !id.isEmpty { draft.id = id }
        return draft
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

extension JSONWriter {
    fileprivate mutating func mute(_ mute: Mute, now: Int64) {
        object { json in
            json.member("id", mute.id)
            json.key("status")
            json.object { json in json.member("state", mute.state(at: now).rawValue) }
            json.member("updatedAt", isoTimestamp(mute.updatedAt))
            json.member("comment", mute.comment)
            json.member("createdBy", mute.createdBy)
            json.member("endsAt", isoTimestamp(mute.endsAt))
            json.key("matchers")
            json.array { json in
                for matcher in mute.matchers.all {
                    json.object { json in
                        json.member("isEqual", matcher.op == .equal || matcher.op == .regex)
                        json.member("isRegex", matcher.op == .regex || matcher.op == .notRegex)
                        json.member("name", matcher.name)
                        json.member("value", matcher.value)
                    }
                }
            }
            json.member("startsAt", isoTimestamp(mute.startsAt))
        }
    }

    fileprivate mutating func alert(_ alert: AlertStatus) {
        object { json in
            json.key("annotations")
            json.labels(Labels(alert.alert.annotations))
            json.member("endsAt", isoTimestamp(alert.alert.endsAt))
            json.member("fingerprint", alert.fingerprint)
            json.key("receivers")
            json.array { json in
                for name in alert.receivers { json.object { json in json.member("name", name) } }
            }
            json.member("startsAt", isoTimestamp(alert.alert.startsAt))
            json.key("status")
            json.object { json in
                json.key("inhibitedBy")
                json.texts(alert.inhibitedBy)
                json.key("mutedBy")
                json.texts([])
                json.key("silencedBy")
                json.texts(alert.mutedBy)
                json.member("state", alert.isSuppressed ? "suppressed" : "active")
            }
            json.member("updatedAt", isoTimestamp(alert.updatedAt))
            json.member("generatorURL", alert.alert.generatorURL)
            json.key("labels")
            json.labels(alert.alert.labels)
        }
    }

    private mutating func texts(_ texts: [String]) {
        array { json in
            for text in texts { json.value(text) }
        }
    }
}
