import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

private let cachedDate = Mutex<(second: Int, text: String)>((0, ""))

/// Now as the `Date` header has it (RFC 9110, 5.6.7), rendered once a second.
func httpDate() -> String {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return cachedDate.withLock { cached in
        if cached.second != now.tv_sec { cached = (now.tv_sec, httpDate(second: now.tv_sec)) }
        return cached.text
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
func httpDate(second: Int) -> String {
    var time = second
    var parts = tm()
    guard gmtime_r(&time, &parts) != nil else { return "Thu, 01 Jan 1970 00:00:00 GMT" }
    let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let day = days[Int(parts.tm_wday) % 7]
    let month = months[Int(parts.tm_mon) % 12]
    return
        "\(day), \(two(parts.tm_mday)) \(month) \(parts.tm_year + 1900) \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT"
}
