internal import MetricsModel
internal import Synchronization

/// The families of one query's columns that no file names, made once each: a family's identity is its object.
final class UnnamedFamilies: Sendable {
    private struct Key: Hashable {
        let name: String
        let labels: [String]
    }

    /// More are not kept: a query whose columns change their names with every answer must not fill the memory.
    private static let countMax = 1_000

    private let families = Mutex<[Key: Family]>([:])

    func family(_ name: String, _ labels: [String], _ help: String) -> Family {
        families.withLock { families in
            let key = Key(name: name, labels: labels)
            if let known = families[key] { return known }
            let family = Family(name, .unknown, labels: labels, help: help)
            if families.count < UnnamedFamilies.countMax { families[key] = family }
            return family
        }
    }
}
