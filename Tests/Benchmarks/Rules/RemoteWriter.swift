/// Sends series to a remote-write 1.0 receiver (https://prometheus.io/docs/specs/prw/remote_write_spec/): the same bytes to each.
struct RemoteWriter {
    let ports: [Int]
    let path = "/api/v1/write"

    /// The series from `first` on at each of the seconds (since the epoch), in requests of at most about 100,000 samples.
    func send(_ series: [RuleWorkload.Series], seconds: ClosedRange<Int>) throws {
        let perRequest = max(1, 100_000 / seconds.count)
        var first = 0
        while first < series.count {
            let part = series[first..<min(first + perRequest, series.count)]
            try post(Self.snappy(Self.message(part, seconds)))
            first += perRequest
        }
    }

    private func post(_ body: [UInt8]) throws {
        for port in ports {
            let head = """
                POST \(path) HTTP/1.1\r
                Host: 127.0.0.1:\(port)\r
                Content-Type: application/x-protobuf\r
                Content-Encoding: snappy\r
                X-Prometheus-Remote-Write-Version: 0.1.0\r
                Content-Length: \(body.count)\r
                Connection: close\r
                \r

                """
            let answer = try exchange(port, Array(head.utf8) + body)
            guard answer.head.hasPrefix("HTTP/1.1 2") else {
                throw BenchmarkError("port \(port) did not take samples: \(answer.head)")
            }
        }
    }

    /// `WriteRequest` of prompb/remote.proto.
    private static func message(_ series: ArraySlice<RuleWorkload.Series>, _ seconds: ClosedRange<Int>) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(series.count * (120 + 18 * seconds.count))
        for one in series {
            var encoded: [UInt8] = []
            for (name, value) in one.labels {
                var label: [UInt8] = []
                field(1, Array(name.utf8), &label)
                field(2, Array(value.utf8), &label)
                field(1, label, &encoded)
            }
            for second in seconds {
                var sample: [UInt8] = [1 << 3 | 1]
                let bits = one.value(at: second).bitPattern
                for byte in 0..<8 { sample.append(UInt8(truncatingIfNeeded: bits >> (8 * UInt64(byte)))) }
                sample.append(2 << 3)
                varint(UInt64(second * 1_000), &sample)
                field(2, sample, &encoded)
            }
            field(1, encoded, &out)
        }
        return out
    }

    private static func field(_ number: UInt8, _ content: [UInt8], _ out: inout [UInt8]) {
        out.append(number << 3 | 2)
        varint(UInt64(content.count), &out)
        out += content
    }

    private static func varint(_ value: UInt64, _ out: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            out.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        out.append(UInt8(rest))
    }

    /// Snappy's block format with literals only (google/snappy, format_description.txt): nobody's compressor is measured here.
    private static func snappy(_ content: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(content.count + content.count / 20_000 + 16)
        varint(UInt64(content.count), &out)
        var start = 0
        while start < content.count {
            let end = min(start + 65_536, content.count)
            let length = end - start - 1
            out += [61 << 2, UInt8(length & 0xFF), UInt8(length >> 8)]
            out += content[start..<end]
            start = end
        }
        return out
    }
}
