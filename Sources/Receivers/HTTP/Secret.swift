public import Alerting

/// Something that must never be shown. Printing it, in any way, gives `<secret>`.
public enum Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    case text(String)
    /// The path of a file that holds it; read anew for each delivery, so that a rotated secret is taken up.
    case file(String)

    public var description: String { "<secret>" }
    public var debugDescription: String { "<secret>" }
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// The secret itself. A file that can't be read just now may be there at the next attempt.
    public func read() throws(NotifyError) -> String {
        switch self {
        case .text(let text): return text
        case .file(let path):
            do {
                return try SecretFile.read(path)
            } catch {
                throw NotifyError(.authError, error.description, isRetryable: true, mayHaveArrived: false)
            }
        }
    }
}

/// How a receiver knows who asks.
public enum HTTPCredentials: Sendable, Equatable {
    case none
    case basic(username: String, password: Secret)
    /// `Authorization: SCHEME SECRET`; the scheme is mostly `Bearer`.
    case authorization(scheme: String, Secret)

    public static func bearer(_ token: Secret) -> HTTPCredentials { .authorization(scheme: "Bearer", token) }

    /// The header's value, and the secret in it.
    package func header() throws(NotifyError) -> (value: String, secret: String)? {
        switch self {
        case .none: return nil
        case .basic(let username, let password):
            let secret = try password.read()
            return ("Basic " + Base64.encode(Array("\(username):\(secret)".utf8)), secret)
        case .authorization(let scheme, let credentials):
            let secret = try credentials.read()
            return ("\(scheme) \(secret)", secret)
        }
    }
}
