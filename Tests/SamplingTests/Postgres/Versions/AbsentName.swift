@testable import Sampling

/// A family that some servers have no column for, and why.
struct AbsentName: Sendable {
    enum Place: Sendable {
        /// Before this version (`server_version_num`).
        case before(Int)
        /// From this version on.
        case since(Int)
        case primary
        case standby
        /// For a role that is no superuser.
        case monitor
    }

    let name: String
    let place: Place
    let why: String

    func isAbsent(from context: QuestionContext) -> Bool {
        switch place {
        case .before(let version): context.version < version
        case .since(let version): context.version >= version
        case .primary: !context.server.isStandby
        case .standby: context.server.isStandby
        case .monitor: !context.server.isSuperuser
        }
    }

    static let all: [AbsentName] = []
}
