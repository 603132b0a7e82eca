import Alerting
import ArgumentParser
import MetricsModel

/// What the local store keeps of families that have a series for each of something that there may be thousands of: tables, indexes.
enum BulkSeries: String, Sendable, CaseIterable, ExpressibleByArgument {
    /// What a loaded rule reads.
    case read
    case all

    func names(_ rules: [RuleFile]) -> ReadNames {
        switch self {
        case .read: ReadNames(rules: rules, language: PromQLLanguage())
        case .all: .everything
        }
    }
}
