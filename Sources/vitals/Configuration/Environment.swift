import Glibc

/// The process' environment variables.
struct Environment: Sendable {
    private let variables: [String: String]

    init(_ variables: [String: String]) {
        self.variables = variables
    }

    static func current() -> Environment {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let pair = String(cString: text)
            if let equals = pair.firstIndex(of: "=") {
                variables[String(pair[..<equals])] = String(pair[pair.index(after: equals)...])
            }
            entry += 1
        }
        return Environment(variables)
    }

    /// An empty variable counts as one that is not set.
    subscript(name: String) -> String? {
        variables[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The variable NAME, or the content of the file that NAME_FILE names, without the line's end.
    func value(orFileOf name: String) throws(Findings) -> String? {
        switch (self[name], self[name + "_FILE"]) {
        case (let value?, nil): return value
        case (nil, let path?): return try secretFile(path, place: name + "_FILE")
        case (nil, nil): return nil
        case (_?, _?):
            throw Findings(all: [Finding(name, "both \(name) and \(name)_FILE are set; set one of them")])
        }
    }

    /// `text` with every `${NAME}` replaced by the variable, `${NAME:-default}` by the default where there is none; `$${` stands for
    /// `${`. The names of missing variables come in `missing`.
    func expanding(_ text: String, missing: inout [String]) -> String {
        var out = ""
        var rest = text[...]
        while let open = rest.firstRange(of: "${") {
            if rest[..<open.lowerBound].hasSuffix("$") {
                out += rest[..<open.lowerBound].dropLast() + "${"
                rest = rest[open.upperBound...]
                continue
            }
            out += rest[..<open.lowerBound]
            guard let close = rest[open.upperBound...].firstIndex(of: "}") else {
                missing.append("\(rest[open.lowerBound...]) has no closing }")
                return out
            }
            let inner = rest[open.upperBound..<close]
            if let fallback = inner.firstRange(of: ":-") {
                out += self[String(inner[..<fallback.lowerBound])] ?? String(inner[fallback.upperBound...])
            } else if let value = self[String(inner)] {
                out += value
            } else {
                missing.append("the environment variable \(inner) is not set")
            }
            rest = rest[rest.index(after: close)...]
        }
        return out + rest
    }
}

/// The content of a file that holds a secret, without the line's end.
func secretFile(_ path: String, place: String) throws(Findings) -> String {
    let content: String
    do {
        content = try readFile(path)
    } catch {
        throw Findings(all: [Finding(place, "\(error)")])
    }
    let secret = content.trimmingSuffix { $0 == "\n" || $0 == "\r" || $0 == "\r\n" }
    guard !secret.isEmpty else { throw Findings(all: [Finding(place, "\(path) is empty; it must hold the secret")]) }
    return secret
}

/// A file could not be read or written.
struct FileError: Error, CustomStringConvertible {
    let description: String

    /// The reason is `errno`'s.
    init(_ action: String, _ path: String) {
        description = "cannot \(action) \(path): \(String(cString: strerror(errno)))"
    }
}

/// A whole file as text. At most 16 MiB: configuration and rules are small, and a wrong path must not fill the memory.
func readFile(_ path: String) throws(FileError) -> String {
    String(decoding: try readBytes(path), as: UTF8.self)
}

/// A whole file, within the same bound.
func readBytes(_ path: String) throws(FileError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError("read", path) }
    defer { close(descriptor) }
    return try readBytes(descriptor: descriptor, path)
}

/// What is left to be read of an open file, within the same bound. `name` is for the error.
func readBytes(descriptor: Int32, _ name: String) throws(FileError) -> [UInt8] {
    let limit = 16 << 20
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        if count < 0, errno == EINTR { continue }
        if count < 0 { throw FileError("read", name) }
        if count == 0 { return content }
        content += buffer[..<count]
        if content.count > limit {
            errno = EFBIG
            throw FileError("read", name)
        }
    }
}

/// Makes a folder and those above it; nothing happens where it is. Throws when it can't be written to.
func makeFolder(_ path: String) throws(FileError) {
    var made = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/") {
        made += "/" + part
        guard mkdir(made, 0o755) == 0 || errno == EEXIST else { throw FileError("create", made) }
    }
    guard access(path, W_OK | X_OK) == 0 else { throw FileError("write to", path) }
}

extension String {
    fileprivate func trimmingSuffix(while dropped: (Character) -> Bool) -> String {
        var text = self[...]
        while let last = text.last, dropped(last) { text = text.dropLast() }
        return String(text)
    }
}
