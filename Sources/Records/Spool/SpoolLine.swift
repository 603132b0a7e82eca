/// One line of the spool's file: `CRC KIND SEQUENCE PAYLOAD\n`, the CRC-32 in eight hexadecimal digits over what follows its space.
///
/// Lines, because JSON on one line holds no line feed: after damage anywhere the next line is found again, and a person can read it.
enum SpoolLine: Equatable {
    /// A row that waits.
    case row(sequence: UInt64, json: String)
    /// Every row up to this one is written or given up.
    case acknowledged(through: UInt64)

    /// With its line feed.
    var bytes: [UInt8] {
        let body: String =
            switch self {
            case .row(let sequence, let json): "R \(sequence) \(json)"
            case .acknowledged(let sequence): "A \(sequence) "
            }
        let hex = String(crc32(body.utf8), radix: 16)
        return Array("\(String(repeating: "0", count: 8 - hex.count))\(hex) \(body)\n".utf8)
    }

    /// From a line without its line feed; nil when it is not whole.
    init?(_ line: some RandomAccessCollection<UInt8>) {
        guard line.count > 11 else { return nil }
        let body = line.dropFirst(9)
        guard let crc = UInt32(String(decoding: line.prefix(8), as: UTF8.self), radix: 16), crc == crc32(body) else { return nil }
        let parts = body.split(separator: UInt8(ascii: " "), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let sequence = UInt64(String(decoding: parts[1], as: UTF8.self)) else { return nil }
        switch parts[0].first {
        case UInt8(ascii: "R"):
            guard let json = String(validating: parts[2], as: UTF8.self) else { return nil }
            self = .row(sequence: sequence, json: json)
        case UInt8(ascii: "A"): self = .acknowledged(through: sequence)
        default: return nil
        }
    }
}
