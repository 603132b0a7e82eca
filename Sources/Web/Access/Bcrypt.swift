import CCrypt

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// bcrypt through libcrypt's crypt_r(3).
enum Bcrypt {
    /// `$2b$10$` and 53 characters: version a, b, x or y, cost 4 to 31.
    static func isHash(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count == 60, bytes.starts(with: "$2".utf8), [UInt8](arrayLiteral: 0x61, 0x62, 0x78, 0x79).contains(bytes[2]),
            bytes[3] == UInt8(ascii: "$"), bytes[6] == UInt8(ascii: "$"),
            let cost = Int(String(decoding: bytes[4..<6], as: UTF8.self)), (4...31).contains(cost)
        else { return false }
        return bytes[7...].allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "a")...UInt8(ascii: "z"):
                true
            case _: false
            }
        }
    }

    /// Whether `password` has this hash. Takes as long as the hash's cost says: about 50 ms of a processor at cost 10. A password with a
    /// NUL matches nothing, since C would see only what stands before it.
    static func matches(_ password: String, _ hash: String) -> Bool {
        guard !password.utf8.contains(0) else { return false }
        let found = withUnsafeTemporaryAllocation(of: crypt_data.self, capacity: 1) { memory -> [UInt8]? in
            guard let data = memory.baseAddress else { return nil }
            data.initialize(to: crypt_data())
            defer {
                // No trace of the password stays behind.
                memset(data, 0, MemoryLayout<crypt_data>.size)
            }
            guard let text = crypt_r(password, hash, data) else { return nil }
            return Array(String(cString: text).utf8)
        }
        guard let found else { return false }
        return constantTimeEqual(found, Array(hash.utf8))
    }
}

/// Equality in a time that tells nothing but the lengths.
func constantTimeEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    guard a.count == b.count else { return false }
    var difference: UInt8 = 0
    for (x, y) in zip(a, b) { difference |= x ^ y }
    return difference == 0
}
