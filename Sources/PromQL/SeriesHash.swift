import MetricsModel

extension Labels {
    /// The hash by which Prometheus' `limit_ratio` chooses: XXH64 over each name and value with its length before it, in the layout of
    /// its default build (model/labels/labels_stringlabels.go): one byte of length, from 255 on a 255 and three bytes, lowest first.
    var prometheusHash: UInt64 {
        var bytes: [UInt8] = []
        func add(_ text: String) {
            let count = text.utf8.count
            if count < 255 {
                bytes.append(UInt8(truncatingIfNeeded: count))
            } else {
                bytes.append(255)
                for shift in [0, 8, 16] { bytes.append(UInt8(truncatingIfNeeded: count >> shift)) }
            }
            bytes += text.utf8
        }
        for pair in pairs {
            add(pair.name)
            add(pair.value)
        }
        return xxHash64(bytes)
    }
}

/// XXH64 with seed 0 (Y. Collet, https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md).
func xxHash64(_ bytes: [UInt8]) -> UInt64 {
    let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    let prime5: UInt64 = 0x27D4_EB2F_1656_67C5
    func rotated(_ value: UInt64, _ bits: UInt64) -> UInt64 { value << bits | value >> (64 - bits) }
    func round(_ accumulator: UInt64, _ lane: UInt64) -> UInt64 { rotated(accumulator &+ lane &* prime2, 31) &* prime1 }
    func word(_ offset: Int, _ count: Int) -> UInt64 {
        bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    var offset = 0
    var hash: UInt64
    if bytes.count >= 32 {
        var lanes: [UInt64] = [prime1 &+ prime2, prime2, 0, 0 &- prime1]
        while offset + 32 <= bytes.count {
            for lane in 0..<4 { lanes[lane] = round(lanes[lane], word(offset + 8 * lane, 8)) }
            offset += 32
        }
        hash = rotated(lanes[0], 1) &+ rotated(lanes[1], 7) &+ rotated(lanes[2], 12) &+ rotated(lanes[3], 18)
        for lane in lanes { hash = (hash ^ round(0, lane)) &* prime1 &+ prime4 }
    } else {
        hash = prime5
    }
    hash &+= UInt64(bytes.count)
    while offset + 8 <= bytes.count {
        hash = rotated(hash ^ round(0, word(offset, 8)), 27) &* prime1 &+ prime4
        offset += 8
    }
    if offset + 4 <= bytes.count {
        hash = rotated(hash ^ word(offset, 4) &* prime1, 23) &* prime2 &+ prime3
        offset += 4
    }
    while offset < bytes.count {
        hash = rotated(hash ^ UInt64(bytes[offset]) &* prime5, 11) &* prime1
        offset += 1
    }
    hash = (hash ^ hash >> 33) &* prime2
    hash = (hash ^ hash >> 29) &* prime3
    return hash ^ hash >> 32
}
