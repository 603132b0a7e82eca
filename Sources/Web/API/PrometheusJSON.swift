import Health
import MetricsModel

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

    /// `[1700000000.5,"12"]`.
    mutating func point(_ point: QueryPoint) {
        array { json in
            json.unixSeconds(point.timestamp)
            json.value(GoNumber.plain(point.value))
        }
    }

    /// Milliseconds as seconds with three decimals, or none (Prometheus' jsonutil.MarshalTimestamp).
    mutating func unixSeconds(_ milliseconds: Int64) {
        let size = milliseconds.magnitude
        let sign = milliseconds < 0 ? "-" : ""
        let rest = size % 1000
        let fraction = rest == 0 ? "" : rest < 10 ? ".00\(rest)" : rest < 100 ? ".0\(rest)" : ".\(rest)"
        raw("\(sign)\(size / 1000)\(fraction)".utf8)
    }

    /// RFC 3339; Go's zero time where there is none.
    mutating func time(_ milliseconds: Int64?) {
        value(milliseconds.map(isoTimestamp) ?? "0001-01-01T00:00:00Z")
    }
}

/// `{"status":"success","data":…}`.
func successResponse(warnings: [String] = [], _ data: (inout JSONWriter) -> Void) -> WebResponse {
    var json = JSONWriter()
    json.object { json in
        json.member("status", "success")
        json.key("data")
        data(&json)
        if !warnings.isEmpty {
            json.key("warnings")
            json.array { json in
                for warning in warnings { json.value(warning) }
            }
        }
    }
    return .json(json.bytes)
}

/// `{"status":"error","errorType":…,"error":…}`: what clients of Prometheus' API read instead of problem details.
func failureResponse(_ failure: QueryFailure) -> WebResponse {
    let status =
        switch failure.kind {
        case .badData: 400
        case .execution: 422
        case .timeout, .canceled: 503
        case .internalError: 500
        }
    var json = JSONWriter()
    json.object { json in
        json.member("status", "error")
        json.member("errorType", failure.kind.rawValue)
        json.member("error", failure.message)
    }
    return .json(json.bytes, status: status)
}
