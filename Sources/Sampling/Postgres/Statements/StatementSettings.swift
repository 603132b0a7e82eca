/// What is read and shown of `pg_stat_statements`.
public struct StatementSettings: Sendable, Equatable {
    /// How many statements by total time, as many by mean time and as many by calls have series; four times as many at most, since one
    /// that leaves goes last.
    public var top: Int
    /// Whether people are shown texts, literals replaced: on the page and in the list's API.
    public var showsText: Bool
    /// Whether the first characters of each shown statement's text, literals replaced, are a label of a series of its own.
    public var hasQueryLabel: Bool
    /// The memory in bytes that the server may use to read its texts, beside as much for their file. Texts that need more are not read:
    /// they would be spilled to a temporary file.
    public var textMemoryBytes: Int

    public init(
        top: Int = 20, showsText: Bool = false, hasQueryLabel: Bool = false,
        textMemoryBytes: Int = StatementSettings.textMemoryBytesStandard
    ) {
        self.top = max(0, top)
        self.showsText = showsText
        self.hasQueryLabel = hasQueryLabel
        self.textMemoryBytes = textMemoryBytes
    }

    /// Three times the texts of a server with 5,000 statements of 4 kB.
    public static let textMemoryBytesStandard = 64 << 20

    /// Bytes of a text that are kept and shown, when texts are.
    static let textBytesShownMax = 1_000
    /// As postgres_exporter's `--collector.stat_statements.query_length` by default.
    static let labelCharactersMax = 120

    var keepsTexts: Bool { showsText || hasQueryLabel }
}
