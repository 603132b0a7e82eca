/// What `/` and `/api/v1/status/buildinfo` say about this build. Fields as Prometheus names them.
public struct BuildView: Sendable, Equatable {
    public let version: String
    public let revision: String
    public let branch: String
    public let buildDate: String
    public let swiftVersion: String

    public init(version: String, revision: String = "", branch: String = "", buildDate: String = "", swiftVersion: String = "") {
        self.version = version
        self.revision = revision
        self.branch = branch
        self.buildDate = buildDate
        self.swiftVersion = swiftVersion
    }
}
