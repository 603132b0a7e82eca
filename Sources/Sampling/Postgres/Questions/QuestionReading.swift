internal import MetricsModel

/// What was read from the answer to one question in one database.
struct QuestionReading: Sendable {
    var families: [FamilySamples] = []
    /// Every series names the database that was asked, so that no other database's answer can repeat it.
    var isApart = false
    /// Series that went into remainders.
    var hidden = 0
    /// Series that the answer had twice.
    var duplicates = 0
}
