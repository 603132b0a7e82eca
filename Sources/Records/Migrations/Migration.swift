/// One step of the tables' history, with its way back.
///
/// A script is a list of statements, none of which ends a transaction: the migrator runs them inside one.
public struct Migration: Sendable, Equatable {
    /// 1, 2, 3 …: the order.
    public let version: Int
    public let name: String
    public let up: [String]
    /// Undoes `up`, with the data that it made room for.
    public let down: [String]

    public init(version: Int, name: String, up: [String], down: [String]) {
        precondition(version > 0, "versions start at 1")
        self.version = version
        self.name = name
        self.up = up
        self.down = down
    }

    /// FNV-1a (64 bits, 16 hexadecimal digits) over name and scripts. It tells an edited script from the one that was applied; it is
    /// no protection against someone who wants to deceive.
    public var checksum: String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for part in [name] + up + [""] + down {
            for byte in part.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            hash = (hash ^ 0xFF) &* 0x100_0000_01b3
        }
        let hex = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - hex.count) + hex
    }

    /// The history of Vitals' own tables. A step that was released is never changed: a new one follows it.
    public static let all: [Migration] = [.systemHealth, .checkSystemHealth]
}

/// Where one migration stands in a database.
public struct MigrationStatus: Sendable, Equatable {
    public enum State: Sendable, Equatable {
        case pending
        /// `at` as Postgres prints it in UTC.
        case applied(at: String)
        /// Applied, but its scripts read differently in this program.
        case changed(at: String)
        /// Applied by another version of Vitals; this one does not know it.
        case unknown(at: String)
    }

    public let version: Int
    public let name: String
    public let state: State

    public init(version: Int, name: String, state: State) {
        self.version = version
        self.name = name
        self.state = state
    }
}
