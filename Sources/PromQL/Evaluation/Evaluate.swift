import MetricsModel

extension Query {
    /// The value of a node at one time.
    func evaluate(_ node: PlanNode, at time: Int64) throws(PromQLError) -> Value {
        try checkpoint()
        if let cached = node.cached { return cached }
        let value = try compute(node, at: time)
        if case .vector(let samples) = value { try checkRoom(for: samples.count) }
        if node.isInvariant { node.cached = value }
        return value
    }

    private func compute(_ node: PlanNode, at time: Int64) throws(PromQLError) -> Value {
        switch node.kind {
        case .number(let value): return .scalar(value)
        case .string(let literal): return .string(literal.value)
        case .selector(let source): return .vector(try instant(source, at: time))
        case .windows:
            throw PromQLError(.execution, "a range vector has no value of its own", range: node.range, in: text)
        case .unary(let negative, let operand):
            switch try evaluate(operand, at: time) {
            case .scalar(let value): return .scalar(negative ? -value : value)
            case .string(let text): return .string(text)
            case .vector(var samples):
                guard negative else { return .vector(samples) }
                for index in samples.indices {
                    samples[index].value = -samples[index].value
                    samples[index].nameless = true
                }
                if operand.hasSeveralNames { try checkUnique(samples) }
                return .vector(samples)
            }
        case .aggregation(let aggregation, let operand, let parameter, let subset):
            return .vector(try aggregate(aggregation, operand, parameter, subset, at: time))
        case .binary(let operation, let left, let right, let subset, let matching):
            let a = try evaluate(left, at: time)
            let b = try evaluate(right, at: time)
            return try binary(operation, a, b, subset, matching, node)
        case .call(let call, let arguments):
            return try self.call(call, arguments, node, at: time)
        case .info(let source, let arguments): return .vector(try info(source, arguments, at: time))
        }
    }

    func vector(_ node: PlanNode, at time: Int64) throws(PromQLError) -> [Sample] {
        if case .vector(let samples) = try evaluate(node, at: time) { return samples }
        return []
    }

    func scalar(_ node: PlanNode, at time: Int64) throws(PromQLError) -> Double {
        if case .scalar(let value) = try evaluate(node, at: time) { return value }
        return .nan
    }

    func string(_ node: PlanNode, at time: Int64) throws(PromQLError) -> String {
        if case .string(let value) = try evaluate(node, at: time) { return value }
        return ""
    }

    /// For each series the newest sample that is not older than the look-back; none when that is a stale marker.
    private func instant(_ source: WindowSource, at time: Int64) throws(PromQLError) -> [Sample] {
        if source.edges == .smoothed { return try smoothedInstant(source, at: time) }
        var out: [Sample] = []
        try eachNewest(source, at: time) { labels, _, value in out.append(Sample(labels: labels, value: value)) }
        return out
    }

    /// Calls `body` with labels, time and value of each sample that an instant selector sees.
    func eachNewest(_ source: WindowSource, at time: Int64, _ body: (Labels, Int64, Double) -> Void) throws(PromQLError) {
        let newest = source.reference(time)
        let oldest = newest.subtractingSaturated(source.length)
        let isRemembered = try eachRememberedNewest(source, at: time) { labels, timestamp, value in
            if !isStaleMarker(value) { body(labels, timestamp, value) }
        }
        if isRemembered { return }
        for series in try source.load(self) {
            let place = upperBound(series.timestamps, newest) - 1
            guard place >= 0, series.timestamps[place] > oldest, !isStaleMarker(series.values[place]) else { continue }
            body(series.labels, series.timestamps[place], series.values[place])
        }
    }
}
