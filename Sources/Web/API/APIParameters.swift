import MetricsModel
import YAML

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The parameters of a request to the API, read as web/api/v1/api.go reads them, with its words for what is wrong.
struct APIParameters: Sendable {
    /// Seconds since the epoch that a parameter may name: beyond, milliseconds in arithmetic with windows could overflow.
    private static let secondsMax = 9e12
    static let oldest = Int64(-secondsMax * 1000)
    static let newest = Int64(secondsMax * 1000)

    let form: FormFields

    subscript(name: String) -> String { form[name] ?? "" }

    /// An instant in milliseconds; nil when the parameter is not given.
    func time(_ name: String) throws(QueryFailure) -> Int64? {
        guard let text = form[name], !text.isEmpty else { return nil }
        guard let time = Self.time(text) else {
            throw invalid(name, "invalid time value for '\(name)': cannot parse \(quoted(text)) to a valid timestamp")
        }
        return time
    }

    /// An instant in milliseconds that must be given.
    func neededTime(_ name: String) throws(QueryFailure) -> Int64 {
        guard let time = Self.time(self[name]) else {
            throw invalid(name, "cannot parse \(quoted(self[name])) to a valid timestamp")
        }
        return time
    }

    /// `start` and `end` of the catalogue's endpoints: everything where they are not given.
    func interval() throws(QueryFailure) -> (from: Int64, through: Int64) {
        let from = try time("start") ?? .min
        let through = try time("end") ?? .max
        // The ends that Go's clients send for 'always' stand for the same.
        return (from <= Self.oldest ? .min : from, through >= Self.newest ? .max : through)
    }

    /// Milliseconds; nil when the parameter is not given.
    func duration(_ name: String) throws(QueryFailure) -> Double? {
        guard let text = form[name], !text.isEmpty else { return nil }
        do throws(ParameterError) {
            return try Self.duration(text)
        } catch {
            throw invalid(name, error.message)
        }
    }

    func neededDuration(_ name: String) throws(QueryFailure) -> Double {
        do throws(ParameterError) {
            return try Self.duration(self[name])
        } catch {
            throw invalid(name, error.message)
        }
    }

    /// How many results are wanted; 0 for all.
    func limit() throws(QueryFailure) -> Int {
        guard let text = form["limit"], !text.isEmpty else { return 0 }
        guard let limit = Int(text) else {
            throw invalid("limit", "strconv.Atoi: parsing \(quoted(text)): invalid syntax")
        }
        guard limit >= 0 else { throw invalid("limit", "limit must be non-negative") }
        return limit
    }

    /// A whole number; nil when the parameter is not given.
    func number(_ name: String) throws(QueryFailure) -> Int? {
        guard let text = form[name], !text.isEmpty else { return nil }
        guard let number = Int(text) else { throw QueryFailure(.badData, "\(name) must be a number") }
        return number
    }

    /// The sets of matchers of `match[]`.
    func selectors(_ selector: (@Sendable (String) throws(QueryFailure) -> [LabelMatcher])?) throws(QueryFailure)
        -> [[LabelMatcher]]
    {
        var sets: [[LabelMatcher]] = []
        for text in form.all("match[]") {
            guard let selector else { throw QueryFailure(.badData, "match[] is not supported here") }
            let matchers = try selector(text)
            guard matchers.contains(where: { !$0.matches("") }) else {
                throw PromQLQueries.emptySelector
            }
            sets.append(matchers)
        }
        return sets
    }

    func invalid(_ name: String, _ why: String) -> QueryFailure {
        QueryFailure(.badData, "invalid parameter \(quoted(name)): \(why)")
    }

    // MARK: - Values

    struct ParameterError: Error { let message: String }

    /// Seconds since the epoch, or RFC 3339; what Go prints for the earliest and the latest time of its clients is both ends.
    static func time(_ text: String) -> Int64? {
        if let seconds = Double(text), abs(seconds) <= secondsMax { return Int64((seconds * 1000).rounded()) }
        if text.hasPrefix("-292273086-05-16T16:47:06") { return oldest }
        if text.hasPrefix("+292277025-08-18T07:12:54") { return newest }
        return millisecondsOfTimestamp(text)
    }

    /// Milliseconds of seconds or of a Prometheus duration.
    static func duration(_ text: String) throws(ParameterError) -> Double {
        if let seconds = Double(text), !seconds.isNaN {
            // Go's durations are 63 bits of nanoseconds.
            guard abs(seconds) < 9_223_372_036 else {
                throw ParameterError(message: "cannot parse \(quoted(text)) to a valid duration. It overflows int64")
            }
            return seconds * 1000
        }
        do {
            return Double(try PrometheusDuration.milliseconds(text))
        } catch {
            throw ParameterError(message: "cannot parse \(quoted(text)) to a valid duration")
        }
    }

    /// Milliseconds since the epoch.
    static func now() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }
}
