/// Seconds since the Unix epoch or RFC 3339, as the API takes instants, in milliseconds; nil when it is neither.
public func millisecondsOfInstant(_ text: String) -> Int64? {
    APIParameters.time(text)
}

/// RFC 3339 as milliseconds since the Unix epoch; nil when it is none. Finer fractions are cut off.
func millisecondsOfTimestamp(_ text: String) -> Int64? {
    let bytes = Array(text.utf8)
    func number(_ from: Int, _ length: Int) -> Int64? {
        guard from + length <= bytes.count else { return nil }
        var value: Int64 = 0
        for byte in bytes[from..<(from + length)] {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        return value
    }
    func stands(_ character: Unicode.Scalar, at place: Int) -> Bool {
        place < bytes.count && bytes[place] == UInt8(ascii: character)
    }
    guard let year = number(0, 4), stands("-", at: 4), let month = number(5, 2), stands("-", at: 7), let day = number(8, 2),
        stands("T", at: 10) || stands("t", at: 10) || stands(" ", at: 10), let hour = number(11, 2), stands(":", at: 13),
        let minute = number(14, 2), stands(":", at: 16), let second = number(17, 2), (1...12).contains(month),
        (1...31).contains(day), hour < 24, minute < 60, second <= 60
    else { return nil }
    var place = 19
    var milli: Int64 = 0
    if stands(".", at: place) {
        place += 1
        var scale: Int64 = 100
        let first = place
        while let digit = number(place, 1) {
            milli += digit * scale
            scale /= 10
            place += 1
        }
        guard place > first else { return nil }
    }
    var offset: Int64 = 0
    if stands("Z", at: place) || stands("z", at: place) {
        place += 1
    } else if stands("+", at: place) || stands("-", at: place) {
        guard let hours = number(place + 1, 2), stands(":", at: place + 3), let minutes = number(place + 4, 2) else { return nil }
        offset = (hours * 60 + minutes) * (stands("-", at: place) ? -60 : 60)
        place += 6
    } else {
        return nil
    }
    guard place == bytes.count else { return nil }
    // Howard Hinnant's days_from_civil.
    let shiftedYear = month <= 2 ? year - 1 : year
    let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
    let yearOfEra = shiftedYear - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    let days = era * 146_097 + dayOfEra - 719_468
    return ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000 - offset * 1000 + milli
}
