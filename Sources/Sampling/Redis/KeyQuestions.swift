import Redis

/// The types of keys whose length can be asked.
enum KeyKind: CaseIterable {
    case list, sortedSet, stream, set, hash

    var lengthCommand: String {
        switch self {
        case .list: "LLEN"
        case .sortedSet: "ZCARD"
        case .stream: "XLEN"
        case .set: "SCARD"
        case .hash: "HLEN"
        }
    }
}

typealias RedisAnswer = Result<RedisReply, RedisError>

/// The answers to one key's questions, and what they counted in `keyspace_hits` or `keyspace_misses`: on Redis 7.0 each of these commands
/// looks the key up once, before it looks at its type; a refused one never gets there.
struct KeyAnswers {
    private(set) var lookups = 0
    /// Nil while no answer has told.
    private(set) var isPresent: Bool?
    /// The first answer that is a failure of its own.
    private(set) var failure: RedisError?
    /// An answer never came: what it counted is unknown.
    private(set) var isLate = false

    /// The integer of a length command, 0 for an absent key.
    mutating func length(_ answer: RedisAnswer?, emptyMeansAbsent: Bool = true) -> Int64? {
        guard let reply = take(answer), let number = reply.integer else { return nil }
        if number > 0 { isPresent = true } else if emptyMeansAbsent, isPresent == nil { isPresent = false }
        return number
    }

    /// The elements of an array answer.
    mutating func elements(_ answer: RedisAnswer?, emptyMeansAbsent: Bool) -> [RedisReply]? {
        guard let elements = take(answer)?.array else { return nil }
        if !elements.isEmpty { isPresent = true } else if emptyMeansAbsent, isPresent == nil { isPresent = false }
        return elements
    }

    /// XINFO GROUPS: an array means that the key is there, with or without groups.
    mutating func groups(_ answer: RedisAnswer?) -> [RedisReply]? {
        guard let elements = take(answer)?.array else { return nil }
        isPresent = true
        return elements
    }

    /// What all of it counted; nil when that can't be known.
    var counted: Lookups? {
        if isLate { return nil }
        if lookups == 0 { return Lookups() }
        guard let isPresent else { return nil }
        return isPresent ? Lookups(hits: Double(lookups)) : Lookups(misses: Double(lookups))
    }

    private mutating func take(_ answer: RedisAnswer?) -> RedisReply? {
        switch answer {
        case .none:
            isLate = true
            return nil
        case .some(.success(let reply)):
            lookups += 1
            return reply
        case .some(.failure(let error)):
            if error.code == .wrongType {
                lookups += 1
                isPresent = true
                failure = failure ?? error
            } else if error.message == "ERR no such key" {
                lookups += 1
                if isPresent == nil { isPresent = false }
            } else if error.code == .noPerm || error.code == .unknownCommand {
                failure = failure ?? error
            } else {
                isLate = isLate || error.code == .late || error.isConnectionFailure
                failure = failure ?? error
            }
            return nil
        }
    }
}
