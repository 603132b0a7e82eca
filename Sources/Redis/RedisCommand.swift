import CHiredis

/// A command with its arguments, encoded once: a command that is sent again and again costs a copy.
public struct RedisCommand: Sendable, Hashable {
    /// As it goes over the wire.
    let encoded: [UInt8]

    /// Arguments are binary-safe.
    public init(_ arguments: [[UInt8]]) {
        encoded = RedisCommand.encode(arguments)
    }

    public init(_ name: String, _ arguments: String...) {
        self.init([Array(name.utf8)] + arguments.map { Array($0.utf8) })
    }

    public init(_ name: String, _ arguments: [String]) {
        self.init([Array(name.utf8)] + arguments.map { Array($0.utf8) })
    }

    /// hiredis' formatter, with lengths: keys may hold any byte.
    private static func encode(_ arguments: [[UInt8]]) -> [UInt8] {
        let flat = arguments.flatMap { $0 }
        let lengths = arguments.map(\.count)
        return unsafe flat.withUnsafeBufferPointer { bytes in
            var parts: [UnsafePointer<CChar>?] = unsafe []
            var offset = 0
            // An empty argument still needs an address; its length says that nothing is read there.
            return unsafe withUnsafePointer(to: 0 as CChar) { nothing in
                for length in lengths {
                    if let base = bytes.baseAddress, length > 0 {
                        unsafe parts.append(UnsafeRawPointer(base + offset).assumingMemoryBound(to: CChar.self))
                    } else {
                        unsafe parts.append(nothing)
                    }
                    offset += length
                }
                var target: UnsafeMutablePointer<CChar>?
                let count = unsafe Int(redisFormatCommandArgv(&target, Int32(parts.count), &parts, lengths))
                guard let target = unsafe target, count > 0 else {
                    preconditionFailure("hiredis formats every list of arguments, or is out of memory")
                }
                defer { unsafe redisFreeCommand(target) }
                return unsafe Array(UnsafeRawBufferPointer(start: target, count: count))
            }
        }
    }
}
