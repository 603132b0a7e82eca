internal import MetricsModel

/// All mutes, as Alertmanager keeps its silences (silence/silence.go): a state machine without I/O.
struct Mutes: Sendable {
    enum Change: Sendable {
        case set(Mute)
        case removed(String)
    }

    /// Expired ones are shown this long (Alertmanager's `data.retention`).
    static let retention: Int64 = 5 * 86_400_000
    /// Each costs a look at every alert and a line on a page that people read.
    static let countMax = 1_000

    private var mutes: [String: Mute] = [:]

    /// The newest first.
    var all: [Mute] {
        mutes.values.sorted { $0.updatedAt != $1.updatedAt ? $0.updatedAt > $1.updatedAt : $0.id < $1.id }
    }

    subscript(id: String) -> Mute? { mutes[id] }

    /// The mutes that hold for an alert now, by id.
    func active(for labels: Labels, at now: Int64) -> [String] {
        mutes.values.filter { $0.state(at: now) == .active && $0.matchers.matches(labels) }.map(\.id).sorted()
    }

    /// Sets a mute, or changes one. What would change history (other matchers, another beginning of an active one) ends the old mute
    /// and begins a new one.
    ///
    /// - Parameter newID: for a mute that begins anew.
    mutating func set(_ draft: MuteDraft, now: Int64, newID: String) throws(MuteError) -> (mute: Mute, changes: [Change]) {
        let startsAt = draft.startsAt ?? now
        try Self.check(draft, startsAt: startsAt, now: now)
        var changes = collect(now: now)
        let id = draft.id ?? ""
        let before = mutes[id]
        guard id.isEmpty || before != nil else { throw MuteError(code: .notFound, description: "silence not found") }
        var mute = Mute(
            id: id, matchers: draft.matchers, startsAt: startsAt, endsAt: draft.endsAt, updatedAt: now,
            createdBy: draft.createdBy, comment: draft.comment)
        if let before, Self.canUpdate(before, mute, now: now) {
            changes.append(put(mute))
            return (mute, changes)
        }
        if mutes.count >= Self.countMax { changes.append(try makeRoom(now: now)) }
        mute = Mute(
            id: newID, matchers: mute.matchers, startsAt: max(startsAt, now), endsAt: mute.endsAt, updatedAt: now,
            createdBy: mute.createdBy, comment: mute.comment)
        if let before, before.state(at: now) != .expired { changes.append(end(before, now: now)) }
        changes.append(put(mute))
        return (mute, changes)
    }

    /// Ends a mute now. One that has ended stays as it is.
    mutating func expire(_ id: String, now: Int64) throws(MuteError) -> [Change] {
        guard let mute = mutes[id] else { throw MuteError(code: .notFound, description: "silence \(id) not found") }
        guard mute.state(at: now) != .expired else { return [] }
        return collect(now: now) + [end(mute, now: now)]
    }

    /// Forgets what ended long ago.
    mutating func collect(now: Int64) -> [Change] {
        let old = mutes.values.filter { $0.endsAt + Self.retention <= now }.map(\.id).sorted()
        for id in old { mutes[id] = nil }
        return old.map { .removed($0) }
    }

    private mutating func put(_ mute: Mute) -> Change {
        mutes[mute.id] = mute
        return .set(mute)
    }

    private mutating func end(_ mute: Mute, now: Int64) -> Change {
        var ended = mute
        // One that has not begun shall never have been: it begins and ends at once. A mute still holds at its end.
        if mute.state(at: now) == .pending { ended.startsAt = now - 1 }
        ended.endsAt = max(now - 1, ended.startsAt)
        ended.updatedAt = now
        return put(ended)
    }

    private mutating func makeRoom(now: Int64) throws(MuteError) -> Change {
        let expired = mutes.values.filter { $0.state(at: now) == .expired }
        guard let oldest = expired.min(by: { ($0.endsAt, $0.id) < ($1.endsAt, $1.id) }) else {
            throw MuteError(
                code: .tooMany, description: "exceeded maximum number of silences: \(mutes.count) (limit: \(Self.countMax))")
        }
        mutes[oldest.id] = nil
        return .removed(oldest.id)
    }

    private static func check(_ draft: MuteDraft, startsAt: Int64, now: Int64) throws(MuteError) {
        func invalid(_ why: String) -> MuteError { MuteError(code: .invalid, description: "invalid silence: \(why)") }
        guard !draft.matchers.isEmpty else { throw invalid("at least one matcher required") }
        guard draft.matchers.all.contains(where: { !isEmptyMatch($0) }) else {
            throw invalid("at least one matcher must not match the empty string")
        }
        guard draft.endsAt >= startsAt else { throw invalid("end time must not be before start time") }
        guard draft.endsAt >= now else { throw invalid("end time can't be in the past") }
        guard !isBlank(draft.createdBy) else { throw invalid("author missing") }
        guard !isBlank(draft.comment) else { throw invalid("comment missing") }
    }

    /// Only what must equal the empty string counts: a mute of everything that is not `x` is meant.
    private static func isEmptyMatch(_ matcher: LabelMatcher) -> Bool {
        switch matcher.op {
        case .equal, .regex: matcher.matches("")
        case .notEqual, .notRegex: false
        }
    }

    private static func isBlank(_ text: String) -> Bool { text.unicodeScalars.allSatisfy(\.properties.isWhitespace) }

    private static func canUpdate(_ before: Mute, _ after: Mute, now: Int64) -> Bool {
        guard before.matchers.isSame(as: after.matchers) else { return false }
        switch before.state(at: now) {
        case .active: return before.startsAt / 1_000 == after.startsAt / 1_000 && after.endsAt >= now
        case .pending: return after.startsAt >= now
        case .expired: return false
        }
    }
}

extension Mutes: Journaled {
    mutating func replay(_ change: Change) {
        switch change {
        case .set(let mute): mutes[mute.id] = mute
        case .removed(let id): mutes[id] = nil
        }
    }

    var journal: [Change] { all.reversed().map { .set($0) } }

    static func encode(_ change: Change) -> [UInt8] {
        var writer = ByteWriter()
        switch change {
        case .set(let mute):
            writer.put(UInt8(1))
            for text in [mute.id, mute.createdBy, mute.comment] { writer.put(text) }
            for time in [mute.startsAt, mute.endsAt, mute.updatedAt] { writer.put(time) }
            writer.put(count: mute.matchers.all.count)
            for matcher in mute.matchers.all {
                for text in [matcher.name, matcher.op.rawValue, matcher.value] { writer.put(text) }
            }
        case .removed(let id):
            writer.put(UInt8(2))
            writer.put(id)
        }
        return writer.bytes
    }

    static func decode(_ record: ArraySlice<UInt8>) throws(ByteError) -> Change {
        var reader = ByteReader(record)
        switch try reader.byte() {
        case 1:
            let (id, createdBy, comment) = (try reader.text(), try reader.text(), try reader.text())
            let (startsAt, endsAt, updatedAt) = (try reader.int64(), try reader.int64(), try reader.int64())
            var matchers: [LabelMatcher] = []
            for _ in 0..<(try reader.count()) {
                let name = try reader.text()
                guard let op = LabelMatcher.Operator(rawValue: try reader.text()) else { throw ByteError() }
                let value = try reader.text()
                // The pattern compiled when the mute was set.
                guard let matcher = try? Matchers.matcher(name, op, value) else { throw ByteError() }
                matchers.append(matcher)
            }
            return .set(
                Mute(
                    id: id, matchers: Matchers(matchers), startsAt: startsAt, endsAt: endsAt, updatedAt: updatedAt,
                    createdBy: createdBy, comment: comment))
        case 2: return .removed(try reader.text())
        default: throw ByteError()
        }
    }
}
