/// One time series as it is exposed: its sample name and labels, with the text of both rendered once. Identity is the object, so
/// whoever keeps a `Series` over samples saves the rendering and the store its look-up.
public final class Series: Sendable, Hashable {
    /// The sample's name: the family's, or for parts of a histogram `NAME_bucket`, `NAME_sum`, `NAME_count`.
    public let name: String
    /// Without the metric name.
    public let labels: Labels
    /// `name{label="value",…} ` in the exposition format, UTF-8, with the space that comes before the value.
    public let text: [UInt8]

    public init(name: String, labels: Labels) {
        self.name = name
        self.labels = labels
        var out = Array(name.utf8)
        if !labels.isEmpty {
            out.append(UInt8(ascii: "{"))
            for (place, label) in labels.pairs.enumerated() {
                if place > 0 { out.append(UInt8(ascii: ",")) }
                out += label.name.utf8
                out += "=\"".utf8
                appendLabelValue(label.value, to: &out)
                out.append(UInt8(ascii: "\""))
            }
            out.append(UInt8(ascii: "}"))
        }
        out.append(UInt8(ascii: " "))
        text = out
    }

    /// Where in `text` the labels begin.
    var labelsStart: Int { name.utf8.count }

    /// Of the text behind the name: that of a row of `SeriesRows` with the same labels.
    var labelsFingerprint: UInt64 { fnv1a(text[labelsStart...]) }

    public static func == (a: Series, b: Series) -> Bool { a === b }

    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
