import ArgumentParser
import Sampling

/// `--collector.NAME` and `--no-collector.NAME`, for every collector that there is, as the exporters have them.
struct CollectorFlag: EnumerableFlag, Hashable, Sendable {
    /// As it is written.
    let written: String
    let isOn: Bool

    /// The collector that is meant: postgres_exporter renamed some of its own.
    var name: String { Self.former[written] ?? written }

    /// Names of postgres_exporter's versions before 0.13, and what they are called since.
    static let former = ["bgwriter": "stat_bgwriter", "replication_slot": "replication_slots"]

    static let allCases: [CollectorFlag] = {
        var seen: Set<String> = []
        let names = TargetConfiguration.Kind.allCases.flatMap(knownCollectors) + former.keys.sorted()
        return names.filter { seen.insert($0).inserted }.flatMap { name in
            [CollectorFlag(written: name, isOn: true), CollectorFlag(written: name, isOn: false)]
        }
    }()

    static func name(for flag: CollectorFlag) -> NameSpecification {
        .customLong((flag.isOn ? "collector." : "no-collector.") + flag.written)
    }

    /// One line for the two of a collector.
    static func help(for flag: CollectorFlag) -> ArgumentHelp? {
        guard flag.isOn, former[flag.written] == nil else { return .hidden }
        return ArgumentHelp("Default: \(PostgresTarget.isOnByDefault(flag.name) ? "on" : "off"); --no-collector.\(flag.written).")
    }
}

/// Which collectors are on.
struct CollectorOptionGroup: ParsableArguments {
    @Flag var switches: [CollectorFlag] = []

    @Flag(
        name: .customLong("collector.disable-defaults"),
        help: "Every collector is off that no other flag, and no 'collectors' of the configuration, switches on.")
    var areDefaultsOff = false
}
