internal import Alerting
internal import MetricsModel

/// The JSON of `POST /api/v2/alerts`.
enum AlertmanagerPayload {
    static func encode(_ batch: [Notification]) -> [UInt8] {
        var out: [UInt8] = [UInt8(ascii: "[")]
        for (place, notification) in batch.enumerated() {
            if place > 0 { out.append(UInt8(ascii: ",")) }
            out += "{\"labels\":".utf8
            encode(notification.labels.pairs, into: &out)
            out += ",\"annotations\":".utf8
            encode(notification.annotations, into: &out)
            out += ",\"startsAt\":\"\(Timestamp.rfc3339(milliseconds: notification.startsAt))\"".utf8
            out += ",\"endsAt\":\"\(Timestamp.rfc3339(milliseconds: notification.endsAt))\"".utf8
            // An address that is none would be refused with 422, and the alert with it.
            if notification.generatorURL.hasPrefix("http://") || notification.generatorURL.hasPrefix("https://") {
                out += ",\"generatorURL\":".utf8
                encode(notification.generatorURL, into: &out)
            }
            out.append(UInt8(ascii: "}"))
        }
        out.append(UInt8(ascii: "]"))
        return out
    }

    private static func encode(_ labels: [Label], into out: inout [UInt8]) {
        out.append(UInt8(ascii: "{"))
        for (place, label) in labels.enumerated() {
            if place > 0 { out.append(UInt8(ascii: ",")) }
            encode(label.name, into: &out)
            out.append(UInt8(ascii: ":"))
            encode(label.value, into: &out)
        }
        out.append(UInt8(ascii: "}"))
    }

    private static func encode(_ text: String, into out: inout [UInt8]) {
        let hex = Array("0123456789abcdef".utf8)
        out.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): out += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "\n"): out += "\\n".utf8
            case 0..<0x20:
                out += "\\u00".utf8
                out += [hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            default: out.append(byte)
            }
        }
        out.append(UInt8(ascii: "\""))
    }
}
