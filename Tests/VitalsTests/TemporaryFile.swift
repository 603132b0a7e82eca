import Glibc

struct TemporaryFileError: Error {}

/// A new file of its own with this content; the system clears its folder.
func temporaryFile(_ content: String) throws -> String {
    var template = Array("/tmp/vitals-test-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw TemporaryFileError() }
    defer { close(descriptor) }
    let bytes = Array(content.utf8)
    guard write(descriptor, bytes, bytes.count) == bytes.count else { throw TemporaryFileError() }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
