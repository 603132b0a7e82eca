import AsyncHTTPClient
import Demo
import FoundationEssentials
import NIOCore
import NIOHTTP1
import Support
import Testing

/// Any JSON, for comparing answers by what they say.
indirect enum AnswerTree: Decodable, Equatable, CustomStringConvertible {
    case null
    case bool(Bool)
    case number(Double)
    case text(String)
    case list([AnswerTree])
    case fields([String: AnswerTree])

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let bool = try? value.decode(Bool.self) {
            self = .bool(bool)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let list = try? value.decode([AnswerTree].self) {
            self = .list(list)
        } else {
            self = .fields(try value.decode([String: AnswerTree].self))
        }
    }

    subscript(name: String) -> AnswerTree? {
        guard case .fields(let fields) = self else { return nil }
        return fields[name]
    }

    var description: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number(let value): "\(value)"
        case .text(let value): "\"\(value)\""
        case .list(let values): "[\(values.map(\.description).joined(separator: ","))]"
        case .fields(let fields): "{\(fields.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }.joined(separator: ","))}"
        }
    }

    /// Whether a member says the same, values of samples but for their last digits: 2.42 adds without Kahan's correction.
    func isNear(_ other: AnswerTree, member: String) -> Bool {
        guard let mine = self[member], let theirs = other[member] else { return false }
        return mine.isNear(theirs)
    }

    private func isNear(_ other: AnswerTree) -> Bool {
        switch (self, other) {
        case (.list(let a), .list(let b)): a.count == b.count && zip(a, b).allSatisfy { $0.isNear($1) }
        case (.fields(let a), .fields(let b)):
            a.keys == b.keys && a.allSatisfy { name, value in b[name].map(value.isNear) ?? false }
        case (.text(let a), .text(let b)):
            if let x = Double(a), let y = Double(b) {
                a == b || abs(x - y) <= 1e-12 * max(abs(x), abs(y))
            } else {
                a == b
            }
        case (_, _): self == other
        }
    }

    /// A vector has no order of its own: Prometheus' is that of its hash tables.
    var ordered: AnswerTree {
        guard case .fields(var fields) = self, case .fields(var data)? = fields["data"], data["resultType"] == .text("vector"),
            case .list(let series)? = data["result"]
        else { return self }
        data["result"] = .list(series.sorted { $0.description < $1.description })
        fields["data"] = .fields(data)
        return .fields(fields)
    }
}

/// The same samples in Vitals and in Debian's Prometheus, written to both over remote write.
struct AnswerPair {
    let vitals: RunningVitals
    let prometheus: PrivateServer
    /// Milliseconds since the epoch: the first and the last sample.
    let start: Int64
    let end: Int64

    static func with(_ body: (AnswerPair) async throws -> Void) async throws {
        let directory = try TemporaryDirectory()
        let redis = try await PrivateRedis.start(PrivateRedis.Options(directory: directory.path("redis")))
        do {
            try await withVitals(
                ["--web.enable-remote-write-receiver", "--sample.interval", "1h"], environment: ["REDIS_URL": redis.url],
                in: directory
            ) { vitals in
                let prometheus = try await PrivateServer.prometheus(
                    "global: {scrape_interval: 1h}\n", arguments: ["--web.enable-remote-write-receiver"], in: directory)
                do {
                    guard
                        try await eventually(within: .seconds(20), { try await fetch(prometheus.url + "/-/ready").status == 200 })
                    else { throw SupportError("Prometheus is not ready") }
                    // Not a multiple of any range or step before an evaluation: 2.42's windows are closed at both ends.
                    let end = Int64(Date().timeIntervalSince1970) / 60 * 60_000 - 60_000 + 7
                    let pair = AnswerPair(vitals: vitals, prometheus: prometheus, start: end - 1_200_000, end: end)
                    try await pair.fill()
                    try await body(pair)
                } catch {
                    await prometheus.stop()
                    throw error
                }
                await prometheus.stop()
            }
        } catch {
            await redis.stop()
            throw error
        }
        await redis.stop()
    }

    /// Counters with a reset, gauges with NaN and infinities, a histogram, series that end with a marker and come back.
    private func fill() async throws {
        var random = SeededGenerator(seed: 2026)
        var series: [RemoteWriteMessage.Series] = []
        func add(_ labels: [(String, String)], _ value: (Int, Int64) -> Double?) {
            let samples = (0...80).compactMap { place -> (Int64, Double)? in
                let time = start + Int64(place) * 15_000
                return value(place, time).map { (time, $0) }
            }
            series.append(.init((labels + [("job", "diff")]).sorted { $0.0 < $1.0 }, samples))
        }
        for instance in ["a", "b", "c"] {
            let rate = Double.random(in: 1...50, using: &random)
            for code in ["200", "404", "500"] {
                add([("__name__", "requests_total"), ("instance", instance), ("code", code)]) { place, _ in
                    (instance == "b" && place > 40 ? Double(place - 40) : Double(place)) * rate
                }
            }
            add([("__name__", "temperature"), ("instance", instance)]) { place, _ in
                place == 33 ? .nan : place == 34 ? .infinity : Double.random(in: -40...40, using: &random)
            }
            for (bound, share) in [("0.1", 0.5), ("0.5", 0.8), ("1", 0.95), ("+Inf", 1.0)] {
                add([("__name__", "latency_seconds_bucket"), ("instance", instance), ("le", bound)]) { place, _ in
                    (Double(place) * rate * share).rounded()
                }
            }
        }
        add([("__name__", "gone"), ("instance", "a")]) { place, _ in
            place < 30 ? 1 : place == 30 ? Double(bitPattern: 0x7ff0_0000_0000_0002) : nil
        }
        add([("__name__", "back"), ("instance", "a")]) { place, _ in
            place < 20 || place > 60 ? Double(place) : place == 20 ? Double(bitPattern: 0x7ff0_0000_0000_0002) : nil
        }
        add([("__name__", "tiny"), ("instance", "a")]) { place, _ in Double(place) * 1e-9 }
        add([("__name__", "huge"), ("instance", "a")]) { place, _ in Double(place) * 1e20 + 1e21 }
        let message = RemoteWriteMessage(series)
        for url in [vitals.url, prometheus.url] {
            var request = HTTPClientRequest(url: url + "/api/v1/write")
            request.method = .POST
            request.headers.add(name: "Content-Type", value: "application/x-protobuf")
            request.headers.add(name: "Content-Encoding", value: "snappy")
            request.body = .bytes(ByteBuffer(bytes: message.block))
            let response = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
            let text = String(buffer: try await response.body.collect(upTo: 1 << 20))
            guard response.status == .noContent else { throw SupportError("\(url): \(response.status) \(text)") }
        }
    }

    /// The path with times of the data in it: `T` is the last sample's, `S` the first's, in seconds.
    func placed(_ path: String) -> String {
        path.replacing("{T}", with: "\(Double(end) / 1_000 + 3)").replacing("{S}", with: "\(Double(start) / 1_000 + 400)")
    }

    func ask(_ path: String) async throws -> (ours: (Int, AnswerTree), theirs: (Int, AnswerTree)) {
        var answers: [(Int, AnswerTree)] = []
        for url in [vitals.url, prometheus.url] {
            let answer = try await fetch(url + "/api/v1/" + path.replacing("[]", with: "%5B%5D"))
            answers.append((answer.status, try JSONDecoder().decode(AnswerTree.self, from: Data(answer.body)).ordered))
        }
        return (answers[0], answers[1])
    }
}

func formEncoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF")
    return text.utf8.reduce(into: "") { out, byte in
        let isPlain = UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
        out += isPlain ? String(UnicodeScalar(byte)) : "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
    }
}
