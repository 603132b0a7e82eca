import CHiredis

/// hiredis' reader: bytes in, replies out, within limits. An error is final; the connection has to go.
@safe struct ReplyDecoder: ~Copyable {
    /// What the reader's array allocator consults; on the heap, because the reader keeps its address.
    @unsafe private struct Budget {
        var functions: redisReplyObjectFunctions
        /// hiredis' own allocator, which ours asks when the budget allows.
        let createArray: (@convention(c) (UnsafePointer<redisReadTask>?, Int32) -> UnsafeMutableRawPointer?)?
        var elementsLeft: Int
    }

    /// hiredis moves its buffer down after each kilobyte consumed: small feeds, drained at once, keep that cheap.
    private static let feedSizeBytes = 16 << 10

    private let reader: UnsafeMutablePointer<redisReader>
    private let budget: UnsafeMutablePointer<Budget>
    private let limits: RedisLimits
    /// Bytes fed since the last complete reply.
    private var pendingBytes = 0

    init(limits: RedisLimits) {
        guard let reader = unsafe redisReaderCreate(), let functions = unsafe reader.pointee.fn else {
            preconditionFailure("out of memory")
        }
        unsafe self.reader = reader
        self.limits = limits
        unsafe budget = .allocate(capacity: 1)
        unsafe budget.initialize(
            to: Budget(
                functions: functions.pointee, createArray: functions.pointee.createArray, elementsLeft: limits.elementsMax))
        unsafe budget.pointee.functions.createArray = { task, count in
            guard let task = unsafe task, let budget = unsafe task.pointee.privdata?.assumingMemoryBound(to: Budget.self) else {
                return nil
            }
            unsafe budget.pointee.elementsLeft -= Int(max(count, 0))
            guard unsafe budget.pointee.elementsLeft >= 0 else { return nil }
            return unsafe budget.pointee.createArray?(task, count)
        }
        unsafe reader.pointee.privdata = UnsafeMutableRawPointer(budget)
        unsafe reader.pointee.fn = unsafe UnsafeMutableRawPointer(budget).assumingMemoryBound(to: redisReplyObjectFunctions.self)
    }

    deinit {
        unsafe redisReaderFree(reader)
        unsafe budget.deinitialize(count: 1)
        unsafe budget.deallocate()
    }

    /// Takes bytes and hands every reply that is complete to `take`.
    mutating func feed(
        _ bytes: UnsafeRawBufferPointer, take: (RedisReply) -> Void
    ) throws(RedisError) {
        var rest = unsafe bytes[...]
        while unsafe !rest.isEmpty {
            let chunk = unsafe UnsafeRawBufferPointer(rebasing: rest.prefix(Self.feedSizeBytes))
            unsafe rest = unsafe rest.dropFirst(chunk.count)
            unsafe redisReaderFeed(reader, chunk.baseAddress?.assumingMemoryBound(to: CChar.self), chunk.count)
            pendingBytes += chunk.count
            while let reply = try next() { take(reply) }
            guard pendingBytes <= limits.replySizeBytesMax else {
                throw RedisError(.replyTooLarge, "a reply has more than \(limits.replySizeBytesMax) bytes")
            }
        }
    }

    private mutating func next() throws(RedisError) -> RedisReply? {
        var object: UnsafeMutableRawPointer?
        guard unsafe redisReaderGetReply(reader, &object) == REDIS_OK else {
            if unsafe budget.pointee.elementsLeft < 0 {
                throw RedisError(.replyTooLarge, "a reply has more than \(limits.elementsMax) elements")
            }
            let text = unsafe withUnsafeBytes(of: &reader.pointee.errstr) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            throw RedisError(.malformedReply, "the answer is not Redis' protocol: \(text)")
        }
        guard let object = unsafe object else { return nil }
        defer { unsafe freeReplyObject(object) }
        // What hiredis has not consumed yet belongs to the next reply.
        pendingBytes = unsafe reader.pointee.len - reader.pointee.pos
        unsafe budget.pointee.elementsLeft = limits.elementsMax
        return unsafe copy(object.assumingMemoryBound(to: redisReply.self))
    }
}

/// Depth is hiredis' own limit of 9 levels.
private func copy(_ reply: UnsafePointer<redisReply>) -> RedisReply {
    switch unsafe reply.pointee.type {
    case REDIS_REPLY_INTEGER:
        return unsafe .integer(Int64(reply.pointee.integer))
    case REDIS_REPLY_STRING:
        return unsafe .string(Array(UnsafeRawBufferPointer(start: reply.pointee.str, count: reply.pointee.len)))
    case REDIS_REPLY_STATUS:
        return unsafe .status(text(reply))
    case REDIS_REPLY_ERROR:
        return unsafe .error(RedisError(serverText: text(reply)))
    case REDIS_REPLY_ARRAY:
        let elements = unsafe UnsafeBufferPointer(start: reply.pointee.element, count: reply.pointee.elements)
        return unsafe .array(elements.map { element in unsafe element.map { unsafe copy($0) } ?? .null })
    case REDIS_REPLY_NIL:
        return .null
    case let type:
        return .error(RedisError(.malformedReply, "reply type \(type)"))
    }
}

private func text(_ reply: UnsafePointer<redisReply>) -> String {
    unsafe String(decoding: UnsafeRawBufferPointer(start: reply.pointee.str, count: reply.pointee.len), as: UTF8.self)
}
