import Sampling
import YAML

/// The keys of a Postgres target.
extension ConfigurationFile {
    static let postgresKeys = ["databases", "limits", "sizes_interval", "collector_files", "tags"]

    func postgres(_ fields: YAMLFields, folder: String) -> PostgresChoices {
        var choices = PostgresChoices()
        if let databases = fields["databases"]?.fields(["include", "exclude", "max_connections"]) {
            choices.databases = DatabaseSelection(
                include: databases["include"]?.list { $0.nonEmptyString() } ?? [],
                exclude: databases["exclude"]?.list { $0.nonEmptyString() } ?? [],
                connectionsMax: databases["max_connections"]?.int(in: 1...10_000) ?? DatabaseSelection().connectionsMax)
        }
        if let limits = fields["limits"]?.fields(["series_per_collector", "series_per_target"]) {
            let standard = SeriesLimits()
            choices.limits = SeriesLimits(
                perCollector: limits["series_per_collector"]?.int(in: 1...100_000_000) ?? standard.perCollector,
                perTarget: limits["series_per_target"]?.int(in: 1...100_000_000) ?? standard.perTarget)
        }
        set(&choices.sizesInterval, fields["sizes_interval"]) { $0.duration() }
        choices.collectorFiles = patterns(fields["collector_files"], folder: folder)
        choices.tags = Set(fields["tags"]?.list { $0.nonEmptyString() } ?? [])
        return choices
    }

    func patterns(_ reader: YAMLReader?, folder: String) -> [FilePattern] {
        (reader?.list { $0.nonEmptyString() } ?? []).map { FilePattern(text: $0, folder: folder) }
    }
}

/// The folder of a file.
func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
}
