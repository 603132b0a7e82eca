import Glibc

struct BenchmarkError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// One `GET /metrics` as Prometheus sends it, on a connection of its own. The number of bytes of the answer.
func scrape(_ port: Int) throws -> Int {
    let request = """
        GET /metrics HTTP/1.1\r
        Host: 127.0.0.1\r
        Accept: application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1\r
        Accept-Encoding: gzip\r
        X-Prometheus-Scrape-Timeout-Seconds: 10\r
        Connection: close\r
        \r

        """
    let answer = try exchange(port, Array(request.utf8))
    guard answer.head.hasPrefix("HTTP/1.1 200") else { throw BenchmarkError("port \(port) answered \(answer.head)") }
    return answer.bytes
}

/// The number of series in the plain text of an answer.
func scrapeSeries(_ port: Int) throws -> Int {
    let request = "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/plain\r\nConnection: close\r\n\r\n"
    var lines = 0
    var isComment = false
    var hasName = false
    var hasValue = false
    _ = try exchange(port, Array(request.utf8)) { bytes in
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\n"):
                // A header has a colon behind its name, and the length of a chunk stands alone.
                if hasName, hasValue, !isComment { lines += 1 }
                (isComment, hasName, hasValue) = (false, false, false)
            case UInt8(ascii: "#") where !hasName: isComment = true
            case UInt8(ascii: ":") where !hasValue: isComment = true
            case UInt8(ascii: "{"), UInt8(ascii: " "): hasValue = hasName
            default: hasName = true
            }
        }
    }
    return lines
}

/// Sends a request on a connection of its own and reads until the other side ends it: the first bytes of the answer and how many
/// there were.
func exchange(
    _ port: Int, _ request: [UInt8], each: (ArraySlice<UInt8>) -> Void = { _ in }
) throws -> (head: String, bytes: Int) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = loopback(UInt16(port))
    let isConnected = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
    guard isConnected else { throw BenchmarkError("nobody listens on port \(port)") }
    var sent = 0
    while sent < request.count {
        let count = request.withUnsafeBytes {
            send(descriptor, $0.baseAddress?.advanced(by: sent), request.count - sent, Int32(MSG_NOSIGNAL))
        }
        guard count > 0 else { throw BenchmarkError("port \(port) took no request") }
        sent += count
    }
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    var total = 0
    var head: [UInt8] = []
    while true {
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count >= 0 else { throw BenchmarkError("port \(port) broke off") }
        if count == 0 { break }
        if head.isEmpty { head = Array(buffer.prefix(min(count, 400))) }
        total += count
        each(buffer[0..<count])
    }
    return (String(decoding: head, as: UTF8.self), total)
}
