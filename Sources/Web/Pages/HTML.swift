/// Text for an HTML page. Everything that is not written here as markup goes through `text`: label values and annotations come from
/// whoever can make a metric (CVE-2019-10215 and its kind).
struct HTML: Sendable {
    private(set) var bytes: [UInt8] = []

    mutating func markup(_ markup: StaticString) {
        markup.withUTF8Buffer { bytes += $0 }
    }

    /// Escapes what means something in HTML, in text and in quoted attributes alike; control characters become visible.
    mutating func text(_ text: String) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): bytes += "&amp;".utf8
            case UInt8(ascii: "<"): bytes += "&lt;".utf8
            case UInt8(ascii: ">"): bytes += "&gt;".utf8
            case UInt8(ascii: "\""): bytes += "&quot;".utf8
            case UInt8(ascii: "'"): bytes += "&#39;".utf8
            case 0x09, 0x0A: bytes.append(byte)
            case 0..<0x20, 0x7F: bytes += "\u{FFFD}".utf8
            default: bytes.append(byte)
            }
        }
    }

    /// A path of this server in an attribute: each segment percent-encoded.
    mutating func path(_ segment: String) {
        for byte in segment.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"):
                bytes.append(byte)
            default:
                let hex = String(byte, radix: 16, uppercase: true)
                bytes += ("%" + (byte < 16 ? "0" : "") + hex).utf8
            }
        }
    }

    /// A link, when its target is a web address or a path of this server; else its text alone. `javascript:` and its kind never become one.
    mutating func link(_ target: String, text: String) {
        guard HTML.isLinkable(target) else { return self.text(text) }
        markup("<a href=\"")
        self.text(target)
        markup("\" rel=\"noreferrer\">")
        self.text(text)
        markup("</a>")
    }

    static func isLinkable(_ target: String) -> Bool {
        let lower = target.lowercased()
        guard !lower.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "\\") }) else { return false }
        if lower.hasPrefix("https://") || lower.hasPrefix("http://") || lower.hasPrefix("#") { return true }
        return lower.hasPrefix("/") && !lower.hasPrefix("//")
    }

    /// A whole page around a body.
    static func page(title: String, _ body: (inout HTML) -> Void) -> WebResponse {
        var html = HTML()
        html.markup("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">")
        html.markup("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>")
        html.text(title)
        html.markup("</title><link rel=\"stylesheet\" href=\"/style.css\"></head><body>")
        html.markup(
            "<nav><a href=\"/\">Vitals</a> <a href=\"/alerts\">Alerts</a> <a href=\"/receivers\">Receivers</a> "
        )
        html.markup("<a href=\"/statements\">Statements</a> <a href=\"/graph\">Graph</a></nav><main>\n")
        body(&html)
        html.markup("</main></body></html>\n")
        var response = WebResponse(contentType: "text/html; charset=utf-8", body: html.bytes)
        response.headers = [
            (
                "Content-Security-Policy",
                "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
            ),
            ("Referrer-Policy", "no-referrer"), ("Cache-Control", "no-store"),
        ]
        return response
    }
}
