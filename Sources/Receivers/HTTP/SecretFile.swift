import Glibc

/// A secret could not be read. Names the file, never its content.
struct SecretFileError: Error, CustomStringConvertible {
    let description: String
}

/// Secrets in files, as `password_file` and `credentials_file` name them.
enum SecretFile {
    /// A secret is a line.
    private static let sizeBytesMax = 64 << 10

    /// The content without space around it.
    static func read(_ path: String) throws(SecretFileError) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw SecretFileError(description: "cannot read \(path): \(String(cString: strerror(errno)))") }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while bytes.count <= sizeBytesMax {
            let count = Glibc.read(file, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw SecretFileError(description: "cannot read \(path): \(String(cString: strerror(errno)))")
            }
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
        var content = bytes[...]
        content = content.drop(while: isSpace)
        while let last = content.last, isSpace(last) { content.removeLast() }
        guard !content.isEmpty else { throw SecretFileError(description: "\(path) is empty") }
        return String(decoding: content, as: UTF8.self)
    }
}

/// RFC 4648, section 4.
enum Base64 {
    static func encode(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var out: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let value = group.enumerated().reduce(UInt32(0)) { $0 | UInt32($1.element) << UInt32(16 - 8 * $1.offset) }
            for place in 0..<4 {
                let digit = alphabet[Int(value >> UInt32(18 - 6 * place) & 63)]
                out.append(place <= group.count ? digit : UInt8(ascii: "="))
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
