internal import MetricsModel
internal import Postgres

/// `SHOW CLIENTS` and `SHOW SERVERS` counted by database, user and state: a connection never has a series of its own.
struct PgBouncerSockets: Sendable {
    static let labels = ["database", "user", "state"]

    let connections: Family
    let requestAge: Family
    let connectionAge: Family?
    let waitMax: Family?
    let closing: Family?

    var families: [Family] { [connections, requestAge] + [connectionAge, waitMax, closing].compactMap(\.self) }

    private struct State {
        var count = 0
        var requestAge: Double?
    }

    private struct Owner {
        var states: [String: State] = [:]
        var age: Double?
        var wait = 0.0
        var closing = 0
    }

    private struct Name: Hashable, Comparable {
        let database: String
        let user: String

        static func < (a: Name, b: Name) -> Bool { (a.database, a.user) < (b.database, b.user) }
    }

    /// The latest request that an answer to `SHOW CLIENTS` shows. It is the one that asked for the answer: the time on PgBouncer's own
    /// clock, in its own zone.
    static func now(_ clients: Rows) throws(PostgresError) -> ConsoleTime? {
        guard let place = clients.columns.firstIndex(of: "request_time") else { return nil }
        var latest: ConsoleTime?
        for row in clients {
            guard let time = try row.string(place).flatMap(ConsoleTime.init) else { continue }
            if latest.map({ $0.seconds < time.seconds }) ?? true { latest = time }
        }
        return latest
    }

    /// `now`: the time on PgBouncer's clock; nil when it is not known: there are no ages then.
    func points(_ rows: Rows, now: ConsoleTime?, seriesMax: Int) throws(PostgresError) -> PgBouncerPoints {
        var owners: [Name: Owner] = [:]
        func place(_ name: String) -> Int? { rows.columns.firstIndex(of: name) }
        guard let databasePlace = place("database"), let userPlace = place("user"), let statePlace = place("state") else {
            throw PostgresError(.unexpectedValue, "the answer has no database, user and state, only \(rows.columns)")
        }
        let (link, wait, waitRest) = (place("link"), place("wait"), place("wait_us"))
        let (requested, connected, close) = (place("request_time"), place("connect_time"), place("close_needed"))
        func age(_ row: Row, _ place: Int?) throws(PostgresError) -> Double? {
            guard let place, let now, let text = try row.string(place) else { return nil }
            return ConsoleTime(text).flatMap { now.seconds(since: $0) }
        }
        for row in rows {
            let name = Name(database: try row.string(databasePlace) ?? "", user: try row.string(userPlace) ?? "")
            var state = try row.string(statePlace) ?? ""
            // Until 1.24 a client without a server is 'active' too; later versions say 'idle'.
            if state == "active", let link, try (row.string(link) ?? "").isEmpty { state = "idle" }
            var owner = owners[name] ?? Owner()
            var counted = owner.states[state] ?? State()
            counted.count += 1
            counted.requestAge = greater(counted.requestAge, try age(row, requested))
            owner.states[state] = counted
            owner.age = greater(owner.age, try age(row, connected))
            if let wait, state.hasPrefix("waiting") {
                let seconds = try row.double(wait) ?? 0
                let rest = try waitRest.flatMap { place throws(PostgresError) in try row.double(place) } ?? 0
                owner.wait = max(owner.wait, seconds + rest * 1e-6)
            }
            if let close, try row.double(close) ?? 0 > 0 { owner.closing += 1 }
            owners[name] = owner
        }
        return points(owners, seriesMax)
    }

    private func points(_ owners: [Name: Owner], _ seriesMax: Int) -> PgBouncerPoints {
        var points = PgBouncerPoints()
        func add(_ family: Family?, _ labels: [String], _ value: Double?) {
            guard let family, let value else { return }
            if points.all.count < seriesMax { points.add(family, labels, value) } else { points.dropped += 1 }
        }
        // Of too many, those that wait stay.
        let ranked = owners.sorted { $0.value.wait != $1.value.wait ? $0.value.wait > $1.value.wait : $0.key < $1.key }
        for (name, owner) in ranked {
            let labels = [name.database, name.user]
            for (state, counted) in owner.states.sorted(by: { $0.key < $1.key }) {
                add(connections, labels + [state], Double(counted.count))
                add(requestAge, labels + [state], counted.requestAge)
            }
            add(waitMax, labels, owner.wait)
            add(connectionAge, labels, owner.age)
            add(closing, labels, Double(owner.closing))
        }
        return points
    }
}

private func greater(_ a: Double?, _ b: Double?) -> Double? {
    switch (a, b) {
    case (let a?, let b?): max(a, b)
    case (let one?, nil), (nil, let one?): one
    case (nil, nil): nil
    }
}

/// A time as the console shows it: `2026-11-21 08:40:06 CET`, on the clock and in the zone of its machine.
struct ConsoleTime: Sendable, Equatable {
    /// Seconds since 1970 in that zone: good for differences, and for nothing else.
    let seconds: Int
    let zone: Substring

    /// Nil for a text that is no such time.
    init?(_ text: String) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count >= 2 else { return nil }
        let date = parts[0].split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        let clock = parts[1].split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
        guard date.count == 3, clock.count == 3, let year = date[0], let month = date[1], let day = date[2],
            let hour = clock[0], let minute = clock[1], let second = clock[2], (1970...9999).contains(year),
            (1...12).contains(month), (1...31).contains(day), (0...23).contains(hour), (0...59).contains(minute),
            (0...60).contains(second)
        else { return nil }
        seconds = ((ConsoleTime.days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second
        zone = parts.count > 2 ? parts[2] : ""
    }

    /// Nil across a change of the zone, when the difference would be an hour off. Never below 0: the console rounds down to seconds.
    func seconds(since earlier: ConsoleTime) -> Double? {
        zone == earlier.zone ? Double(max(0, seconds - earlier.seconds)) : nil
    }

    /// Days since 1970-01-01 in the Gregorian calendar. Years begin in March here, so that the leap day is the last.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month > 2 ? year : year - 1
        let inYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + inYear - 719_468
    }
}
