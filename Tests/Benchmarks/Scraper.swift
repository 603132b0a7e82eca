import Glibc

struct BenchmarkError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// One `GET /metrics` as Prometheus sends it, on a connection of its own. The number of bytes of the answer.
func scrape(_ port: Int) throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = loopback(UInt16(port))
    let isConnected = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
    guard isConnected else { throw BenchmarkError("nobody listens on port \(port)") }
    let request = Array(
        """
        GET /metrics HTTP/1.1\r
        Host: 127.0.0.1\r
        Accept: application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1\r
        Accept-Encoding: gzip\r
        X-Prometheus-Scrape-Timeout-Seconds: 10\r
        Connection: close\r
        \r

        """.utf8)
    guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
        throw BenchmarkError("port \(port) took no request")
    }
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    var total = 0
    var head: [UInt8] = []
    while true {
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count >= 0 else { throw BenchmarkError("port \(port) broke off") }
        if count == 0 { break }
        if head.isEmpty { head = Array(buffer.prefix(15)) }
        total += count
    }
    guard String(decoding: head, as: UTF8.self).hasPrefix("HTTP/1.1 200") else {
        throw BenchmarkError("port \(port) answered \(String(decoding: head, as: UTF8.self))")
    }
    return total
}
