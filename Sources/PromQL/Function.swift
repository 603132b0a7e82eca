/// A function of the language: its name and signature.
public struct Function: Sendable, Hashable {
    public let name: String
    public let argumentTypes: [ValueType]
    /// 0: exactly the arguments listed; n > 0: the last one is optional and may be given up to n times; -1: any number of the last,
    /// also none.
    public let variadic: Int
    public let returns: ValueType
    /// Needs `PromQLFeatures.experimentalFunctions`.
    public let isExperimental: Bool
    let kind: Kind

    /// The function of this name (exact case), or nil.
    public static func named(_ name: String) -> Function? { table[name] }

    /// All functions, sorted by name, those for native histograms included.
    public static let all = table.values.sorted { $0.name < $1.name }

    enum Kind: String, Sendable, CaseIterable {
        case abs, absent, acos, acosh, asin, asinh, atan, atanh, ceil, changes, clamp, cos, cosh, deg, delta, deriv, end, exp,
            floor,
            hour, idelta, increase, info, irate, ln, log10, log2, minute, month, pi, rad, range, rate, resets, round, scalar, sgn,
            sin,
            sinh, sort, sqrt, start, step, tan, tanh, time, timestamp, vector, year
        case absentOverTime = "absent_over_time"
        case avgOverTime = "avg_over_time"
        case clampMax = "clamp_max"
        case clampMin = "clamp_min"
        case countOverTime = "count_over_time"
        case dayOfMonth = "day_of_month"
        case dayOfWeek = "day_of_week"
        case dayOfYear = "day_of_year"
        case daysInMonth = "days_in_month"
        case doubleExponentialSmoothing = "double_exponential_smoothing"
        case firstOverTime = "first_over_time"
        case histogramAvg = "histogram_avg"
        case histogramCount = "histogram_count"
        case histogramFraction = "histogram_fraction"
        case histogramQuantile = "histogram_quantile"
        case histogramQuantiles = "histogram_quantiles"
        case histogramStddev = "histogram_stddev"
        case histogramStdvar = "histogram_stdvar"
        case histogramSum = "histogram_sum"
        case labelJoin = "label_join"
        case labelReplace = "label_replace"
        case lastOverTime = "last_over_time"
        case madOverTime = "mad_over_time"
        case maxOf = "max_of"
        case maxOverTime = "max_over_time"
        case minOf = "min_of"
        case minOverTime = "min_over_time"
        case predictLinear = "predict_linear"
        case presentOverTime = "present_over_time"
        case quantileOverTime = "quantile_over_time"
        case sortByLabel = "sort_by_label"
        case sortByLabelDesc = "sort_by_label_desc"
        case sortDesc = "sort_desc"
        case startTimestamp = "start_timestamp"
        case stddevOverTime = "stddev_over_time"
        case stdvarOverTime = "stdvar_over_time"
        case sumOverTime = "sum_over_time"
        case tsOfFirstOverTime = "ts_of_first_over_time"
        case tsOfLastOverTime = "ts_of_last_over_time"
        case tsOfMaxOverTime = "ts_of_max_over_time"
        case tsOfMinOverTime = "ts_of_min_over_time"
    }

    /// Why a rule cannot make use of the function although it is part of the language; nil when it can.
    var refusal: String? {
        switch kind {
        case .histogramAvg, .histogramCount, .histogramStddev, .histogramStdvar, .histogramSum:
            "function \"\(name)\" only makes sense on native histograms: \(nativeHistogramsReason)"
        case .startTimestamp: "function \"\(name)\" needs start timestamps, which are not stored"
        default: nil
        }
    }

    private static let table: [String: Function] = {
        var table: [String: Function] = [:]
        func add(
            _ kinds: [Kind], _ arguments: [ValueType], variadic: Int = 0, returns: ValueType = .vector, experimental: Bool = false
        ) {
            for kind in kinds {
                table[kind.rawValue] = Function(
                    name: kind.rawValue, argumentTypes: arguments, variadic: variadic, returns: returns,
                    isExperimental: experimental, kind: kind)
            }
        }
        add(
            [
                .abs, .absent, .acos, .acosh, .asin, .asinh, .atan, .atanh, .ceil, .cos, .cosh, .deg, .exp, .floor, .histogramAvg,
                .histogramCount, .histogramStddev, .histogramStdvar, .histogramSum, .ln, .log10, .log2, .rad, .sgn, .sin, .sinh,
                .sort, .sortDesc, .sqrt, .tan, .tanh, .timestamp,
            ], [.vector])
        add(
            [
                .absentOverTime, .avgOverTime, .changes, .countOverTime, .delta, .deriv, .firstOverTime, .idelta, .increase,
                .irate,
                .lastOverTime, .maxOverTime, .minOverTime, .presentOverTime, .rate, .resets, .stddevOverTime, .stdvarOverTime,
                .sumOverTime,
            ], [.matrix])
        add(
            [.madOverTime, .tsOfFirstOverTime, .tsOfLastOverTime, .tsOfMaxOverTime, .tsOfMinOverTime], [.matrix],
            experimental: true)
        add([.startTimestamp], [.vector], experimental: true)
        add([.dayOfMonth, .dayOfWeek, .dayOfYear, .daysInMonth, .hour, .minute, .month, .year], [.vector], variadic: 1)
        add([.clamp], [.vector, .scalar, .scalar])
        add([.clampMax, .clampMin], [.vector, .scalar])
        add([.doubleExponentialSmoothing], [.matrix, .scalar, .scalar], experimental: true)
        add([.histogramFraction], [.scalar, .scalar, .vector])
        add([.histogramQuantile], [.scalar, .vector])
        add([.histogramQuantiles], [.vector, .string, .scalar], variadic: 9, experimental: true)
        add([.info], [.vector, .vector], variadic: 1, experimental: true)
        add([.labelReplace], [.vector, .string, .string, .string, .string])
        add([.labelJoin], [.vector, .string, .string, .string], variadic: -1)
        add([.minOf, .maxOf], [.scalar, .scalar], returns: .scalar, experimental: true)
        add([.pi, .time], [], returns: .scalar)
        add([.start, .end, .range, .step], [], returns: .scalar, experimental: true)
        add([.predictLinear], [.matrix, .scalar])
        add([.quantileOverTime], [.scalar, .matrix])
        add([.round], [.vector, .scalar], variadic: 1)
        add([.scalar], [.vector], returns: .scalar)
        add([.sortByLabel, .sortByLabelDesc], [.vector, .string], variadic: -1, experimental: true)
        add([.vector], [.scalar])
        return table
    }()
}
