/// A reply of RESP2, copied out of the codec's memory.
public enum RedisReply: Sendable, Hashable {
    case integer(Int64)
    /// A bulk string: any bytes.
    case string([UInt8])
    case array([RedisReply])
    /// The absent bulk string or array. Not zero, not empty.
    case null
    /// A simple string such as `OK`.
    case status(String)
    /// An error inside an array; an error that answers a command arrives as a failure of that command.
    case error(RedisError)

    /// The integer of an integer reply, or of a string that is a decimal integer.
    public var integer: Int64? {
        switch self {
        case .integer(let value): value
        case .string(let bytes): Int64(String(decoding: bytes, as: UTF8.self))
        case .status(let text): Int64(text)
        case .array, .null, .error: nil
        }
    }

    /// The text of a string or status; bytes that are not UTF-8 are replaced.
    public var text: String? {
        switch self {
        case .string(let bytes): String(decoding: bytes, as: UTF8.self)
        case .status(let text): text
        case .integer, .array, .null, .error: nil
        }
    }

    public var bytes: [UInt8]? {
        if case .string(let bytes) = self { bytes } else { nil }
    }

    public var array: [RedisReply]? {
        if case .array(let replies) = self { replies } else { nil }
    }
}
