public import MetricsModel

/// What Alertmanager's template.Data adds to the alerts of a group.
extension Page {
    /// `firing` while one of the alerts fires.
    public var status: String { isResolved ? "resolved" : "firing" }

    /// The labels that all alerts have alike.
    public var commonLabels: Labels {
        Labels(sorted: Self.common(alerts.map(\.labels.pairs)))
    }

    /// The annotations that all alerts have alike, sorted by name.
    public var commonAnnotations: [Label] {
        Self.common(alerts.map(\.annotations)).sorted { bytesPrecede($0.name, $1.name) }
    }

    /// The receiver's name as Alertmanager gives it to receivers: what means something in a regular expression is escaped.
    public var quotedReceiver: String {
        receiver.reduce(into: "") { out, character in
            if "\\.+*?()|[]{}^$".contains(character) { out += "\\" }
            out.append(character)
        }
    }

    private static func common(_ sets: [[Label]]) -> [Label] {
        guard let first = sets.first else { return [] }
        let others = sets.dropFirst().map(Set.init)
        return first.filter { label in others.allSatisfy { $0.contains(label) } }
    }
}

extension Notification {
    /// The alert's identity in Alertmanager: model.LabelSet.Fingerprint as 16 hexadecimal digits.
    public var fingerprintText: String {
        let digits = String(labels.fingerprint, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
