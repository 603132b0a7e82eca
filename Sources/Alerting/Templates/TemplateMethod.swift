internal import MetricsModel

/// A method of a value that a template can call.
struct TemplateMethod {
    let parameters: [TemplateFunction.Parameter]
    private let body: ([TemplateValue]) -> TemplateValue

    func call(_ arguments: [TemplateValue]) -> TemplateValue { body(arguments) }

    /// nil when the value has no such method.
    init?(_ name: String, of receiver: TemplateValue) {
        switch receiver {
        case .time(let time): self.init(name, ofTime: time)
        case .duration(let duration): self.init(name, ofDuration: duration)
        case .page(let value): self.init(name, ofPage: value)
        case .none, .bool, .int, .uint, .float, .string, .labels, .dictionary, .sample, .samples, .list, .alert: return nil
        }
    }

    private init?(_ name: String, ofTime time: Int64) {
        let civil = GoTime.civil(nanoseconds: time)
        func other(_ arguments: [TemplateValue]) -> Int64 {
            if case .time(let other) = arguments.at(0) { other } else { 0 }
        }
        switch name {
        case "String": self.init([]) { _ in .string(GoTime.text(nanoseconds: time)) }
        case "Format": self.init([.string]) { .string(GoTime.format(nanoseconds: time, layout: $0.string(0))) }
        case "Unix": self.init([]) { _ in .int(time / 1_000_000_000 - (time % 1_000_000_000 < 0 ? 1 : 0)) }
        case "UnixMilli": self.init([]) { _ in .int(time / 1_000_000 - (time % 1_000_000 < 0 ? 1 : 0)) }
        case "UnixNano": self.init([]) { _ in .int(time) }
        case "UTC", "Local": self.init([]) { _ in .time(time) }
        case "Year": self.init([]) { _ in .int(civil.year) }
        case "Day": self.init([]) { _ in .int(Int64(civil.day)) }
        case "Hour": self.init([]) { _ in .int(Int64(civil.hour)) }
        case "Minute": self.init([]) { _ in .int(Int64(civil.minute)) }
        case "Second": self.init([]) { _ in .int(Int64(civil.second)) }
        case "Add":
            self.init([.duration]) { arguments in
                guard case .duration(let duration) = arguments.at(0) else { return .time(time) }
                let (sum, overflow) = time.addingReportingOverflow(duration)
                return .time(overflow ? (duration < 0 ? .min : .max) : sum)
            }
        case "Sub":
            self.init([.time]) { arguments in
                let (difference, overflow) = time.subtractingReportingOverflow(other(arguments))
                return .duration(overflow ? (time < 0 ? .min : .max) : difference)
            }
        case "Before": self.init([.time]) { .bool(time < other($0)) }
        case "After": self.init([.time]) { .bool(time > other($0)) }
        case "Equal": self.init([.time]) { .bool(time == other($0)) }
        default: return nil
        }
    }

    private init?(_ name: String, ofDuration duration: Int64) {
        switch name {
        case "String": self.init([]) { _ in .string(GoTime.durationText(nanoseconds: duration)) }
        case "Hours": self.init([]) { _ in .float(Double(duration) / 3.6e12) }
        case "Minutes": self.init([]) { _ in .float(Double(duration) / 6e10) }
        case "Seconds": self.init([]) { _ in .float(Double(duration) / 1e9) }
        case "Milliseconds": self.init([]) { _ in .int(duration / 1_000_000) }
        case "Microseconds": self.init([]) { _ in .int(duration / 1_000) }
        case "Nanoseconds": self.init([]) { _ in .int(duration) }
        default: return nil
        }
    }

    /// The methods of Alertmanager's template.KV, template.Pairs and template.Alerts.
    private init?(_ name: String, ofPage value: PageValue) {
        switch (value, name) {
        case (.map(let labels), "SortedPairs"): self.init([]) { _ in .page(.pairs(PageValue.sorted(labels))) }
        case (.map(let labels), "Names"): self.init([]) { _ in .strings(PageValue.sorted(labels).map(\.name)) }
        case (.map(let labels), "Values"): self.init([]) { _ in .strings(PageValue.sorted(labels).map(\.value)) }
        case (.map(let labels), "Remove"):
            self.init([.strings]) { arguments in
                let names = arguments.strings(0)
                return .page(.map(labels.filter { label in !names.contains { sameBytes($0, label.name) } }))
            }
        case (.pairs(let pairs), "Names"): self.init([]) { _ in .strings(pairs.map(\.name)) }
        case (.pairs(let pairs), "Values"): self.init([]) { _ in .strings(pairs.map(\.value)) }
        case (.alerts(let alerts), "Firing"): self.init([]) { _ in .page(.alerts(alerts.filter { !$0.isResolved })) }
        case (.alerts(let alerts), "Resolved"): self.init([]) { _ in .page(.alerts(alerts.filter(\.isResolved))) }
        default: return nil
        }
    }

    private init(_ parameters: [TemplateFunction.Parameter], body: @escaping ([TemplateValue]) -> TemplateValue) {
        self.parameters = parameters
        self.body = body
    }
}
