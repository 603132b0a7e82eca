import Health
import MetricsModel
import PromQL

/// Pieces that the answers of Prometheus' HTTP API are made of.
extension JSONWriter {
    mutating func labels(_ labels: Labels) {
        object { json in
            for label in labels.pairs { json.member(label.name, label.value) }
        }
    }

    mutating func map(_ values: [String: String]) {
        object { json in
            for (name, value) in values.sorted(by: { bytesPrecede($0.key, $1.key) }) { json.member(name, value) }
        }
    }

    mutating func texts(_ texts: some Sequence<String>) {
        array { json in
            for text in texts { json.value(text) }
        }
    }

    /// A query's result, in the form of its type.
    mutating func result(_ value: PromQLValue) {
        switch value {
        case .scalar(let number, let timestamp):
            var text: [UInt8] = []
            appendPoint(timestamp, number, to: &text)
            raw(text)
        case .string(let text, let timestamp):
            array { json in
                var time: [UInt8] = []
                appendUnixSeconds(timestamp, to: &time)
                json.raw(time)
                json.value(text)
            }
        case .vector(let samples):
            array { json in
                var text: [UInt8] = []
                for sample in samples {
                    guard let number = sample.value.number else { continue }
                    text.removeAll(keepingCapacity: true)
                    appendPoint(sample.timestamp, number, to: &text)
                    json.object { json in
                        json.key("metric")
                        json.labels(sample.labels)
                        json.key("value")
                        json.raw(text)
                    }
                }
            }
        case .matrix(let series):
            array { json in
                var text: [UInt8] = []
                for series in series {
                    text.removeAll(keepingCapacity: true)
                    for point in series.points {
                        guard let number = point.value.number else { continue }
                        if !text.isEmpty { text.append(UInt8(ascii: ",")) }
                        appendPoint(point.timestamp, number, to: &text)
                    }
                    json.object { json in
                        json.key("metric")
                        json.labels(series.labels)
                        json.key("values")
                        json.array { $0.raw(text) }
                    }
                }
            }
        }
    }

    /// RFC 3339; Go's zero time where there is none.
    mutating func time(_ milliseconds: Int64?) {
        value(milliseconds.map(isoTimestamp) ?? "0001-01-01T00:00:00Z")
    }
}

/// `[1700000000.5,"12"]`.
private func appendPoint(_ timestamp: Int64, _ value: Double, to out: inout [UInt8]) {
    out.append(UInt8(ascii: "["))
    appendUnixSeconds(timestamp, to: &out)
    out += ",\"".utf8
    out += GoNumber.plain(value).utf8
    out += "\"]".utf8
}

/// Milliseconds as seconds with three decimals, or none (Prometheus' jsonutil.MarshalTimestamp).
private func appendUnixSeconds(_ milliseconds: Int64, to out: inout [UInt8]) {
    if milliseconds < 0 { out.append(UInt8(ascii: "-")) }
    let (seconds, rest) = milliseconds.magnitude.quotientAndRemainder(dividingBy: 1000)
    out += String(seconds).utf8
    guard rest > 0 else { return }
    let zero = UInt64(UInt8(ascii: "0"))
    out.append(UInt8(ascii: "."))
    for digit in [rest / 100, rest / 10 % 10, rest % 10] { out.append(UInt8(truncatingIfNeeded: zero + digit)) }
}

/// More remarks of a kind than this are counted only, as in Prometheus.
private let remarksMax = 10

/// `{"status":"success","data":…}`, gzipped at once where that is taken and worth it.
func successResponse(
    warnings: [String] = [], infos: [String] = [], isGzip: Bool = false, _ data: (inout JSONWriter) -> Void
) -> WebResponse {
    var json = JSONWriter()
    json.object { json in
        json.member("status", "success")
        json.key("data")
        data(&json)
        for (name, kind, remarks) in [("warnings", "warning", warnings), ("infos", "info", infos)] where !remarks.isEmpty {
            json.key(name)
            json.array { json in
                for remark in remarks.prefix(remarksMax) { json.value(remark) }
                if remarks.count > remarksMax { json.value("\(remarks.count - remarksMax) more \(kind) annotations omitted") }
            }
        }
    }
    return .json(json.bytes).gzipped(isGzip)
}

/// `{"status":"error","errorType":…,"error":…}`: what clients of Prometheus' API read instead of problem details.
func failureResponse(_ failure: QueryFailure) -> WebResponse {
    var json = JSONWriter()
    json.object { json in
        json.member("status", "error")
        json.member("errorType", failure.kind.rawValue)
        json.member("error", failure.message)
    }
    return .json(json.bytes, status: failure.kind.status)
}
