import Alerting
import Health
import MetricsModel
import Records

extension MuteDraft {
    private static let matchersMax = 100

    /// What is wrong with a body.
    private struct BodyError: Error, CustomStringConvertible {
        let description: String
    }

    /// Reads Alertmanager's `postableSilence`. Throws what is wrong with it.
    init(json body: [UInt8]) throws {
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
        guard list.count <= Self.matchersMax else { throw BodyError(description: "at most \(Self.matchersMax) matchers") }
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
        self.init(
            matchers: Matchers(matchers), startsAt: try time("startsAt"), endsAt: try time("endsAt"),
            createdBy: try text("createdBy"), comment: try text("comment"))
        if case .string(let id)? = json["id"], !id.isEmpty { self.id = id }
    }
}

extension JSONWriter {
    mutating func mute(_ mute: Mute, now: Int64) {
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

    mutating func alert(_ alert: AlertStatus) {
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
