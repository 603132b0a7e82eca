/// Instants as text.
public enum Timestamp {
    /// RFC 3339 in UTC, with milliseconds where there are any: `2026-11-21T03:00:00.5Z`.
    public static func rfc3339(milliseconds: Int64) -> String {
        let (nanoseconds, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        let bounded = overflow ? (milliseconds < 0 ? Int64.min : Int64.max) : nanoseconds
        return GoTime.format(nanoseconds: bounded, layout: "2006-01-02T15:04:05.999Z07:00")
    }

    /// RFC 3339 as milliseconds since the epoch; nil when it is none.
    public static func milliseconds(rfc3339 text: String) -> Int64? { GoTime.milliseconds(rfc3339: text) }
}
