internal import Postgres

/// A value of an answer as a number.
enum Reading: Sendable, Equatable {
    case null
    case number(Double)
    /// A text that is no number.
    case other
}

/// How the text form of a column's type is read.
private enum ServerType {
    case boolean, time
    /// And everything else.
    case number

    /// By `pg_type.oid`, which never changes for the types that come with the server.
    init(_ oid: UInt32) {
        switch oid {
        case 16: self = .boolean
        case 1082, 1114, 1184: self = .time
        default: self = .number
        }
    }
}

extension Row {
    /// A number; booleans are 1 and 0, points in time whole Unix seconds, as postgres_exporter and pg_exporter read them.
    func reading(_ place: Int, _ rows: Rows) throws(PostgresError) -> Reading {
        switch type(place, rows) {
        case .number:
            do throws(PostgresError) {
                return try double(place).map(Reading.number) ?? .null
            } catch {
                return .other
            }
        case .boolean: return try bool(place).map { .number($0 ? 1 : 0) } ?? .null
        case .time:
            guard let text = try string(place) else { return .null }
            return ServerTime.unixSeconds(text).map(Reading.number) ?? .other
        }
    }

    /// A label's value: `""` for NULL, `true` and `false`, whole Unix seconds for points in time, else the server's text.
    func label(_ place: Int, _ rows: Rows) throws(PostgresError) -> String {
        guard let text = try string(place) else { return "" }
        switch type(place, rows) {
        case .number: return text
        case .boolean: return text == "t" ? "true" : "false"
        case .time: return ServerTime.unixSeconds(text).flatMap { Int64(exactly: $0) }.map { "\($0)" } ?? text
        }
    }

    private func type(_ place: Int, _ rows: Rows) -> ServerType {
        rows.types.indices.contains(place) ? ServerType(rows.types[place]) : .number
    }
}

/// Points in time in the server's ISO form: `2026-11-21 08:33:15.123+00`, `2026-11-21`, `infinity`
/// (https://www.postgresql.org/docs/15/datatype-datetime.html#DATATYPE-DATETIME-OUTPUT).
enum ServerTime {
    /// Whole seconds since the Unix epoch, rounded down; a time without a zone is taken as UTC. Nil for another text.
    static func unixSeconds(_ text: String) -> Double? {
        switch text {
        case "infinity": return .infinity
        case "-infinity": return -.infinity
        default: break
        }
        var cursor = Cursor(Array(text.utf8))
        guard let year = cursor.number(digits: 4...7), cursor.take("-"), let month = cursor.number(digits: 2...2),
            cursor.take("-"),
            let day = cursor.number(digits: 2...2), (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        var seconds = 0
        var zone = 0
        if cursor.takeTimeMark() {
            guard let time = cursor.time() else { return nil }
            seconds = time
        }
        if let sign = cursor.sign() {
            guard let offset = cursor.zone() else { return nil }
            zone = sign * offset
        } else {
            _ = cursor.take("Z")
        }
        let isBefore = cursor.take(" ") && cursor.take("B") && cursor.take("C")
        guard cursor.isAtEnd else { return nil }
        return Double(days(isBefore ? 1 - year : year, month, day) * 86_400 + seconds - zone)
    }

    /// Days since 1970-01-01 in the proleptic Gregorian calendar (Hinnant 2013, "chrono-Compatible Low-Level Date Algorithms").
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    private struct Cursor {
        private let bytes: [UInt8]
        private var place = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        var isAtEnd: Bool { place == bytes.count }
        var isDigit: Bool { place < bytes.count && bytes[place] >= 0x30 && bytes[place] <= 0x39 }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard place < bytes.count, UInt32(bytes[place]) == character.value else { return false }
            place += 1
            return true
        }

        /// Moves behind the space (or `T`) before a time of day; stays where something else comes.
        mutating func takeTimeMark() -> Bool {
            let start = place
            if take(" ") || take("T"), isDigit { return true }
            place = start
            return false
        }

        mutating func sign() -> Int? { take("+") ? 1 : take("-") ? -1 : nil }

        mutating func number(digits: ClosedRange<Int>) -> Int? {
            var value = 0
            let start = place
            while isDigit, place - start < digits.upperBound {
                value = value * 10 + Int(bytes[place] - 0x30)
                place += 1
            }
            return place - start >= digits.lowerBound ? value : nil
        }

        /// `08:33:15.123`, in whole seconds.
        mutating func time() -> Int? {
            guard let hour = number(digits: 2...2), take(":"), let minute = number(digits: 2...2), take(":"),
                let second = number(digits: 2...2), hour <= 24, minute < 60, second <= 60
            else { return nil }
            if take(".") { while isDigit { place += 1 } }
            return hour * 3600 + minute * 60 + second
        }

        /// `05`, `05:30`, `05:30:15`, in seconds.
        mutating func zone() -> Int? {
            guard let hour = number(digits: 2...2) else { return nil }
            var seconds = hour * 3600
            for unit in [60, 1] where take(":") {
                guard let part = number(digits: 2...2) else { return nil }
                seconds += part * unit
            }
            return seconds
        }
    }
}

/// The numbers of a one-dimensional array in the server's text form: `{1,2.5,NULL}`. Nil for another text, and for one with NULL.
func numbers(inArray text: String) -> [Double]? {
    guard text.hasPrefix("{"), text.hasSuffix("}"), text.utf8.count >= 2 else { return nil }
    let inner = text.dropFirst().dropLast()
    if inner.isEmpty { return [] }
    var numbers: [Double] = []
    for part in inner.split(separator: ",", omittingEmptySubsequences: false) {
        guard let number = Double(part), !number.isNaN else { return nil }
        numbers.append(number)
    }
    return numbers
}
