/// What the exposition, the store and the evaluation of rules cost inside one process, without servers: for whoever works on either.
enum InProcessFigures {
    static func run() async throws {
        for tables in [500, 5_000] {
            let figures = ExpositionFigures(tables: tables)
            ExpositionFigures.report(figures, figures.run())
        }
        // Two hours, the usual retention, and a day.
        for figures in [StoreFigures(), StoreFigures(seriesCount: 500, sampleCount: 5_760)] {
            StoreFigures.report(figures, figures.run())
        }
        for scale in [1, 10] {
            let figures = EvaluationFigures(scale: scale)
            let series = figures.workload.series.count
            EvaluationFigures.report(try figures.kinds(), series: series)
            for rules in [100, 1_000] { EvaluationFigures.report(try await figures.round(rules: rules), series: series) }
        }
    }
}
