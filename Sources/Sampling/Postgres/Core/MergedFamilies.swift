internal import MetricsModel

/// The families of one sample by name, from all questions and databases. A series that is there already, under a user's metric with a
/// name of ours or in two databases, is left out and counted: a scraper would refuse everything for it.
struct MergedFamilies {
    private struct Entry {
        var samples: FamilySamples
        let question: String
        /// No two of its answers can have the same series.
        var isApart: Bool
        var sources = 1
        /// Who added last.
        var collector: String
    }

    private var entries: [Entry] = []
    private var places: [String: Int] = [:]
    /// The same by object: nearly every family is one object in every sample.
    private var known: [ObjectIdentifier: Int] = [:]
    private var refused: [String: Int] = [:]
    /// Names that are the target's own.
    private let reserved: Set<String>

    init(reserved: Set<String>) { self.reserved = reserved }

    /// `question` is unique over all collectors; each answer of a reading has no duplicates in itself.
    mutating func add(_ reading: QuestionReading, _ collector: String, _ question: String) {
        for samples in reading.families where !samples.isEmpty {
            let object = ObjectIdentifier(samples.family)
            guard let place = known[object] ?? places[samples.family.name] else {
                if reserved.contains(samples.family.name) {
                    refused[collector, default: 0] += samples.sampleCount
                    continue
                }
                known[object] = entries.count
                places[samples.family.name] = entries.count
                entries.append(
                    Entry(samples: samples, question: question, isApart: reading.isApart, collector: collector))
                continue
            }
            entries[place].samples.points += samples.points
            entries[place].samples.columns += samples.columns
            entries[place].sources += 1
            entries[place].isApart = entries[place].isApart && reading.isApart && entries[place].question == question
            entries[place].collector = collector
        }
    }

    /// The families in the order of their first samples, and how many series were left out, by collector.
    func finish() -> (families: [FamilySamples], duplicates: [String: Int]) {
        var duplicates = refused
        let families = entries.map { entry in
            guard entry.sources > 1, !entry.isApart else { return entry.samples }
            let (samples, dropped) = entry.samples.droppingDuplicates()
            if dropped > 0 { duplicates[entry.collector, default: 0] += dropped }
            return samples
        }
        return (families, duplicates)
    }
}
