import MetricsModel
import Support

@testable import Records

/// Values as strange as the columns and JSONB allow.
extension SeededGenerator {
    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }

    mutating func chance(_ oneIn: Int) -> Bool { below(oneIn) == 0 }

    mutating func optional<Value>(_ make: (inout SeededGenerator) -> Value) -> Value? {
        chance(3) ? nil : make(&self)
    }

    mutating func text(nul: Bool = false) -> String {
        let pieces = [
            "a", "Z", "0", "_", ".", " ", "\"", "\\", "'", "$1", "\n", "\t", "\u{1}", "\u{7F}", "é", "e\u{301}", "表", "🐘",
            "\u{200D}",
            "\u{FFFD}", "\u{10FFFF}", "%", "{", "null",
        ]
        var text = ""
        for _ in 0..<below(12) { text += pieces[below(pieces.count)] }
        if nul, chance(8) { text += "\u{0}" }
        return text
    }

    mutating func int32() -> Int32 {
        [0, 1, -1, .max, .min, Int32(truncatingIfNeeded: next())][below(6)]
    }

    mutating func hundredths(max: Hundredths) -> Hundredths {
        [Hundredths(count: 0), Hundredths(count: 1), max, Hundredths(count: Int64(next() % UInt64(max.count + 1)))][below(4)]
    }

    mutating func number() -> JSONValue {
        switch below(8) {
        case 0: .integer([0, 1, -1, .max, .min][below(5)])
        case 1: .integer(Int64(bitPattern: next()))
        case 2: .number([0.1, -0.5, 1e15, 1e16, 1e-7, 123_456_789.123_456_789][below(6)])
        case 3: .number([Double.greatestFiniteMagnitude, .leastNonzeroMagnitude, -.leastNormalMagnitude, .pi][below(4)])
        default:
            {
                let value = Double(bitPattern: next())
                return .number(value.isFinite ? value : 0)
            }()
        }
    }

    mutating func json(depth: Int = 0) -> JSONValue {
        switch below(depth < 3 ? 7 : 5) {
        case 0: return .null
        case 1: return .bool(chance(2))
        case 2, 3: return number()
        case 4: return .string(text())
        case 5:
            var values: [JSONValue] = []
            for _ in 0..<below(4) { values.append(json(depth: depth + 1)) }
            return .array(values)
        default: return .object(object(depth: depth + 1))
        }
    }

    mutating func object(depth: Int = 0) -> JSONObject {
        var members: [JSONObject.Member] = []
        for _ in 0..<below(5) { members.append(.init(text(), json(depth: depth))) }
        return JSONObject(members)
    }

    mutating func row() -> SystemHealthRow {
        // From year 1 to 9999, and today.
        let times: [Int64] = [-62_135_596_800_000, 253_402_300_799_999, 0, -1, 1_763_700_000_123]
        var row = SystemHealthRow(
            id: RowID(using: &self), timestamp: chance(3) ? times[below(times.count)] : Int64(next() % 4_000_000_000_000),
            metrics: object())
        row.connectionsActive = optional { $0.int32() }
        row.connectionsIdle = optional { $0.int32() }
        row.databaseSizeMB = optional { $0.hundredths(max: .max10) }
        row.largestTables = optional { generator in
            var members: [JSONObject.Member] = []
            for _ in 0..<generator.below(20) { members.append(.init(generator.text(), .integer(Int64(generator.next() >> 1)))) }
            return JSONObject(members)
        }
        row.averageQueryMilliseconds = optional { $0.hundredths(max: .max10) }
        row.slowQueries = optional { $0.int32() }
        row.cacheHitPercent = optional { $0.hundredths(max: .hundred) }
        row.pendingJobs = optional { $0.int32() }
        row.failedJobs = optional { $0.int32() }
        row.errorsLastHour = optional { $0.int32() }
        return row
    }
}

/// A family as the sampler would give it.
func family(_ name: String, _ points: [([String: String], Double)]) -> FamilySamples {
    let family = Family(name, .gauge, labels: points.first.map { $0.0.keys.sorted() } ?? [], help: "")
    return FamilySamples(family, points.map { Point(Series(name: name, labels: Labels($0.0)), $0.1) })
}

func reading(up: Bool, at time: Int64, tables: [String] = []) -> HealthReading {
    HealthReading(
        timestamp: time, database: "app",
        postgres: [family("pg_up", [([:], up ? 1 : 0)])]
            + (tables.isEmpty
                ? []
                : [
                    family(
                        "pg_stat_user_tables_table_size_bytes", tables.map { (["schemaname": "public", "relname": $0], 8_192) })
                ]),
        redis: [family("cache_hit_rate", [([:], 0.875)])])
}
