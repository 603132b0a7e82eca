/// Why a private server could not be had.
public struct DemoError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable {
        /// A program is not installed.
        case missingProgram
        /// A file, port or process of the system's.
        case system
        /// The server ended or did not answer in time.
        case notReady
    }

    public let code: Code
    public let description: String

    public init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
