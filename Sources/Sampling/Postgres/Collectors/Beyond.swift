extension PostgresCollectorSwitch {
    /// What no exporter has. What every sample asks comes first, what scans catalogues on an interval of minutes last.
    static let beyond: [PostgresCollectorSwitch] = [
        sessions, blocking, replicationLag, replicationSlotStatistics, subscriptions, io, walStatistics, slru, parallelWorkers,
        progress, connectionLimits, wraparound, archiver, sharedMemory, temporaryFiles, sequences, indexes, userIndexes, bloat,
    ]
}

extension Question.Interval {
    /// For counters that nobody watches by the second, and files that a directory listing counts.
    static let minute = Question.Interval.seconds(60)
    /// For what scans catalogues: it changes by the hour.
    static let minutes = Question.Interval.seconds(300)
}

/// Pieces of SQL that several questions need.
enum CatalogueSQL {
    /// Schemas whose relations are the server's own. Stands after WHERE or AND; `n` is pg_namespace.
    static let isUsers = "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'"
    /// How many rows a list by relation has: enough for a person to work on, few enough for a hundred databases.
    static let listMax = 20
}
