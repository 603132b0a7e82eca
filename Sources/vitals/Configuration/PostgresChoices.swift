import Sampling

/// What the user says about one Postgres server beside its address.
struct PostgresChoices: Sendable, Equatable {
    var databases = DatabaseSelection()
    var limits = SeriesLimits()
    /// For how long measured sizes are used again.
    var sizesInterval: Duration = .seconds(60)
    /// Files of the user's collectors.
    var collectorFiles: [FilePattern] = []
    /// Words that collectors of pg_exporter's format may ask for or forbid.
    var tags: Set<String> = []
    /// Whether the queries of a queries.yaml are asked in every database.
    var isDiscovering = false
    /// What a statement of a queries.yaml may take; its format has no word for it.
    var queriesTimeout: Duration = .seconds(10)
}

/// A path or glob, and the folder at which relative ones start.
struct FilePattern: Sendable, Hashable {
    let text: String
    let folder: String

    var path: String { text.hasPrefix("/") || text.hasPrefix("~") || folder == "." ? text : folder + "/" + text }
}
