// What waits, and what receivers know, as it stands on disk.

extension OutboxQueue: Journaled {
    static func encode(_ change: Change) -> [UInt8] {
        var writer = ByteWriter()
        switch change {
        case .queued(let item):
            writer.put(UInt8(1))
            Item.put(item, into: &writer)
        case .removed(let key):
            writer.put(UInt8(2))
            Item.put(key, into: &writer)
        case .told(let key, let known):
            writer.put(UInt8(3))
            Item.put(key, into: &writer)
            Item.put(known, into: &writer)
        case .forgotten(let key):
            writer.put(UInt8(4))
            Item.put(key, into: &writer)
        }
        return writer.bytes
    }

    static func decode(_ record: ArraySlice<UInt8>) throws(ByteError) -> Change {
        var reader = ByteReader(record)
        switch try reader.byte() {
        case 1: return .queued(try Item.item(&reader))
        case 2: return .removed(try Item.key(&reader))
        case 3:
            let key = try Item.key(&reader)
            return .told(key, try Item.told(&reader))
        case 4: return .forgotten(try Item.key(&reader))
        default: throw ByteError()
        }
    }
}
