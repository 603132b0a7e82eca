#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

func readFile(_ path: String) -> [UInt8]? {
    guard let file = fopen(path, "rb") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = fread(&buffer, 1, buffer.count, file)
        if count == 0 { return bytes }
        bytes += buffer[..<count]
    }
}

/// The files of a directory with this suffix, sorted; or the path itself when it is a file.
func files(at path: String, suffix: String) -> [String] {
    guard let directory = opendir(path) else { return [path] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafePointer(to: entry.pointee.d_name) { pointer in
            pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name.hasSuffix(suffix) { names.append("\(path)/\(name)") }
    }
    return names.sorted()
}

func lines(of path: String) -> [[UInt8]] {
    (readFile(path) ?? []).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
}
