/// What an engine may be asked for beyond the stable language, as Prometheus' `--enable-feature` names it.
public struct PromQLFeatures: OptionSet, Sendable {
    public let rawValue: Int

    public init(rawValue: Int) { self.rawValue = rawValue }

    /// `promql-experimental-functions`: the experimental functions, `limitk` and `limit_ratio`.
    public static let experimentalFunctions = PromQLFeatures(rawValue: 1)
    /// `promql-extended-range-selectors`: `anchored` and `smoothed`.
    public static let extendedRangeSelectors = PromQLFeatures(rawValue: 2)
    /// `promql-binop-fill-modifiers`: `fill`, `fill_left`, `fill_right`.
    public static let fillModifiers = PromQLFeatures(rawValue: 4)
    /// `promql-delayed-name-removal`: metric names are dropped from the answer, not on the way to it.
    public static let delayedNameRemoval = PromQLFeatures(rawValue: 8)
    /// `use-start-timestamps`: `rate`, `irate`, `increase` and `resets` look at when a sample's counter began, and
    /// `start_timestamp` tells it. The source has to know these times.
    public static let startTimestamps = PromQLFeatures(rawValue: 16)

    public static let all: PromQLFeatures = [
        .experimentalFunctions, .extendedRangeSelectors, .fillModifiers, .delayedNameRemoval, .startTimestamps,
    ]

    /// The names by which Prometheus' flag knows the features.
    public static let named: [(name: String, feature: PromQLFeatures)] = [
        ("promql-experimental-functions", .experimentalFunctions),
        ("promql-extended-range-selectors", .extendedRangeSelectors),
        ("promql-binop-fill-modifiers", .fillModifiers),
        ("promql-delayed-name-removal", .delayedNameRemoval),
        ("use-start-timestamps", .startTimestamps),
    ]
}

extension PromQLFeatures {
    /// What the values of `--enable-feature` say.
    public struct Request: Sendable, Equatable {
        public var features: PromQLFeatures
        /// Names that neither this engine nor Prometheus 3.14 knows, in the order given.
        public var unknown: [String]
        /// Features of Prometheus that change nothing here: always on, or about things that are not here.
        public var withoutEffect: [String]

        /// One line for each name that does nothing, as Prometheus logs it.
        public var warnings: [String] {
            unknown.map { "Unknown option for --enable-feature: \($0)" }
                + withoutEffect.map { "This option for --enable-feature is a no-op: \($0)" }
        }
    }

    /// Reads the values of a flag that may be repeated; each holds names separated by commas. Empty names are passed over.
    public static func request(_ values: [String]) -> Request {
        var request = Request(features: [], unknown: [], withoutEffect: [])
        for name in values.flatMap({ $0.split(separator: ",") }).map(String.init) {
            if let known = named.first(where: { $0.name == name }) {
                request.features.formUnion(known.feature)
            } else if withoutEffect.contains(name) {
                request.withoutEffect.append(name)
            } else {
                request.unknown.append(name)
            }
        }
        return request
    }

    /// The features that these values of `--enable-feature` name; other names are passed over (`request` tells them).
    public init(names values: [String]) {
        self = PromQLFeatures.request(values).features
    }

    /// Other values of Prometheus' flag, of 3.14 and of the versions before (docs/feature_flags.md and main.go): duration
    /// expressions, `@` and negative offsets are always on, and the rest is about its storage, scraping and process.
    private static let withoutEffect: Set<String> = [
        "agent", "auto-gomaxprocs", "auto-gomemlimit", "auto-reload-config", "concurrent-rule-eval",
        "created-timestamp-zero-ingestion", "delayed-compaction", "exemplar-storage", "expand-external-labels",
        "extra-scrape-metrics", "fast-startup", "histograms-st-encoding", "memory-snapshot-on-shutdown", "metadata-wal-records",
        "native-histograms", "new-service-discovery-manager", "no-default-scrape-port", "no-scrape-default-port", "old-ui",
        "ooo-native-histograms", "otlp-deltatocumulative", "otlp-native-delta-ingestion", "otlp-write-receiver",
        "promql-at-modifier", "promql-duration-expr", "promql-negative-offset", "promql-per-step-stats",
        "remote-write-receiver", "st-storage", "st-synthesis", "type-and-unit-labels", "use-uncached-io", "utf8-names",
        "xor2-encoding",
    ]
}
