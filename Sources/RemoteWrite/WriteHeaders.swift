/// Which message a request says that it carries, from its headers, as Prometheus 3 reads them (storage/remote/write_handler.go).
enum WriteHeaders {
    /// Why the message can't be read, for status 415; nil for a remote-write 1.0 message in snappy. A sender that names neither is
    /// taken at that, as by Prometheus.
    static func refusal(contentType: String?, contentEncoding: String?) -> String? {
        let contentType = contentType.flatMap { $0.isEmpty ? nil : $0 } ?? "application/x-protobuf"
        let parts = contentType.split(separator: ";", omittingEmptySubsequences: false).map(trimmed)
        guard parts.first?.lowercased() == "application/x-protobuf" else {
            return "expected application/x-protobuf as the first (media) part, got \(contentType) content-type"
        }
        for part in parts.dropFirst() {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard pair.count == 2 else {
                return "as per https://www.rfc-editor.org/rfc/rfc9110#parameter expected parameters to be key-values, "
                    + "got \(part) in \(contentType) content-type"
            }
            guard pair[0] == "proto" else { continue }
            switch pair[1] {
            case "prometheus.WriteRequest": break
            case "io.prometheus.write.v2.Request":
                return "\(pair[1]) protobuf message is not accepted by this server; accepted [prometheus.WriteRequest]"
            case let other:
                return "got \(contentType) content type; unknown type for remote write protobuf message \(other), "
                    + "supported: prometheus.WriteRequest"
            }
        }
        let encoding = contentEncoding.map { trimmed($0[...]) } ?? ""
        guard encoding.isEmpty || encoding == "snappy" else {
            return "\(encoding) encoding (compression) is not accepted by this server; only snappy is acceptable"
        }
        return nil
    }

    private static func trimmed(_ text: Substring) -> String {
        let front = text.drop { $0 == " " || $0 == "\t" }
        guard let last = front.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
        return String(front[...last])
    }
}
