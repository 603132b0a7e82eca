import Health
import MetricsModel
import YAML

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// `/api/v1/query` and `/api/v1/query_range`, as Prometheus answers them.
struct QueryAPI: Sendable {
    /// Prometheus' limit on the points of one series.
    private static let pointsMax: Int64 = 11_000

    let engine: (any QueryEngine)?
    let limits: WebLimits

    @Sendable func instant(_ request: WebRequest) async throws(WebError) -> WebResponse {
        let form = try await request.form()
        guard let engine else { throw WebError(.notFound, "queries are not served here") }
        do throws(QueryFailure) {
            let time = try timestamp(form, "time") ?? now()
            let answer = try await engine.instant(form["query"] ?? "", at: time, deadline: .now + (try timeout(form)))
            return success(answer)
        } catch {
            return failureResponse(error)
        }
    }

    @Sendable func range(_ request: WebRequest) async throws(WebError) -> WebResponse {
        let form = try await request.form()
        guard let engine else { throw WebError(.notFound, "queries are not served here") }
        do throws(QueryFailure) {
            guard let start = try timestamp(form, "start") else { throw missing("start") }
            guard let end = try timestamp(form, "end") else { throw missing("end") }
            guard end >= start else {
                throw QueryFailure(.badData, "invalid parameter \"end\": end timestamp must not be before start time")
            }
            let step = try milliseconds(form, "step") ?? 0
            guard step > 0 else {
                throw QueryFailure(
                    .badData,
                    "invalid parameter \"step\": zero or negative query resolution step widths are not accepted. Try a positive integer"
                )
            }
            guard (end - start) / step <= Self.pointsMax else {
                throw QueryFailure(
                    .badData,
                    "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)")
            }
            let answer = try await engine.range(
                form["query"] ?? "", from: start, through: end, step: step, deadline: .now + (try timeout(form)))
            return success(answer)
        } catch {
            return failureResponse(error)
        }
    }

    private func success(_ answer: QueryAnswer) -> WebResponse {
        successResponse(warnings: answer.warnings) { json in
            json.object { json in
                switch answer.result {
                case .scalar(let point):
                    json.member("resultType", "scalar")
                    json.key("result")
                    json.point(point)
                case .string(let timestamp, let text):
                    json.member("resultType", "string")
                    json.key("result")
                    json.array { json in
                        json.unixSeconds(timestamp)
                        json.value(text)
                    }
                case .vector(let series):
                    json.member("resultType", "vector")
                    json.key("result")
                    json.array { json in
                        for (labels, point) in series {
                            json.object { json in
                                json.key("metric")
                                json.labels(labels)
                                json.key("value")
                                json.point(point)
                            }
                        }
                    }
                case .matrix(let series):
                    json.member("resultType", "matrix")
                    json.key("result")
                    json.array { json in
                        for (labels, points) in series {
                            json.object { json in
                                json.key("metric")
                                json.labels(labels)
                                json.key("values")
                                json.array { json in
                                    for point in points { json.point(point) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    private func missing(_ name: String) -> QueryFailure {
        QueryFailure(.badData, "invalid parameter \"\(name)\": cannot parse \"\" to a valid timestamp")
    }

    private func timeout(_ form: FormFields) throws(QueryFailure) -> Duration {
        guard let asked = try milliseconds(form, "timeout") else { return limits.queryTimeout }
        return min(limits.queryTimeout, .milliseconds(max(0, asked)))
    }

    /// Seconds since the epoch or RFC 3339; nil when not given.
    private func timestamp(_ form: FormFields, _ name: String) throws(QueryFailure) -> Int64? {
        guard let text = form[name], !text.isEmpty else { return nil }
        if let seconds = Double(text), abs(seconds) < 9e15 / 1000 { return Int64((seconds * 1000).rounded()) }
        if let time = millisecondsOfTimestamp(text) { return time }
        throw QueryFailure(.badData, "invalid parameter \"\(name)\": cannot parse \"\(text)\" to a valid timestamp")
    }

    /// Seconds or a duration such as `1m`; nil when not given.
    private func milliseconds(_ form: FormFields, _ name: String) throws(QueryFailure) -> Int64? {
        guard let text = form[name], !text.isEmpty else { return nil }
        if let seconds = Double(text), abs(seconds) < 9e15 / 1000 { return Int64((seconds * 1000).rounded()) }
        do {
            return try PrometheusDuration.milliseconds(text)
        } catch {
            throw QueryFailure(.badData, "invalid parameter \"\(name)\": cannot parse \"\(text)\" to a valid duration")
        }
    }

    private func now() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }
}

/// RFC 3339 as milliseconds since the Unix epoch; nil when it is none. Finer fractions are cut off.
func millisecondsOfTimestamp(_ text: String) -> Int64? {
    let bytes = Array(text.utf8)
    func number(_ from: Int, _ length: Int) -> Int64? {
        guard from + length <= bytes.count else { return nil }
        var value: Int64 = 0
        for byte in bytes[from..<(from + length)] {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        return value
    }
    func stands(_ character: Unicode.Scalar, at place: Int) -> Bool {
        place < bytes.count && bytes[place] == UInt8(ascii: character)
    }
    guard let year = number(0, 4), stands("-", at: 4), let month = number(5, 2), stands("-", at: 7), let day = number(8, 2),
        stands("T", at: 10) || stands("t", at: 10) || stands(" ", at: 10), let hour = number(11, 2), stands(":", at: 13),
        let minute = number(14, 2), stands(":", at: 16), let second = number(17, 2), (1...12).contains(month),
        (1...31).contains(day), hour < 24, minute < 60, second <= 60
    else { return nil }
    var place = 19
    var milli: Int64 = 0
    if stands(".", at: place) {
        place += 1
        var scale: Int64 = 100
        let first = place
        while let digit = number(place, 1) {
            milli += digit * scale
            scale /= 10
            place += 1
        }
        guard place > first else { return nil }
    }
    var offset: Int64 = 0
    if stands("Z", at: place) || stands("z", at: place) {
        place += 1
    } else if stands("+", at: place) || stands("-", at: place) {
        guard let hours = number(place + 1, 2), stands(":", at: place + 3), let minutes = number(place + 4, 2) else { return nil }
        offset = (hours * 60 + minutes) * (stands("-", at: place) ? -60 : 60)
        place += 6
    } else {
        return nil
    }
    guard place == bytes.count else { return nil }
    // Howard Hinnant's days_from_civil.
    let shiftedYear = month <= 2 ? year - 1 : year
    let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
    let yearOfEra = shiftedYear - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    let days = era * 146_097 + dayOfEra - 719_468
    return ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000 - offset * 1000 + milli
}
