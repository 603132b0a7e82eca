/// Links to an expression, as Prometheus' strutil makes them.
enum GraphLink {
    static func graph(_ expression: String) -> String { "/graph?g0.expr=\(queryEscaped(expression))&g0.tab=0" }

    static func table(_ expression: String) -> String { "/graph?g0.expr=\(queryEscaped(expression))&g0.tab=1" }

    /// Go's url.QueryEscape: unreserved characters stay, a space is `+`.
    static func queryEscaped(_ text: String) -> String {
        let hex = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"):
                out.append(byte)
            case UInt8(ascii: " "): out.append(UInt8(ascii: "+"))
            default: out += [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
