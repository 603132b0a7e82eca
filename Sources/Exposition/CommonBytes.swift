/// How many bytes from `a` and `b` on are equal, `max` at most.
@inline(__always)
func commonPrefix(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, max: Int) -> Int {
    var length = 0
    while length &+ 8 <= max {
        let x = unsafe UnsafeRawPointer(a + length).loadUnaligned(as: UInt64.self).littleEndian
        let y = unsafe UnsafeRawPointer(b + length).loadUnaligned(as: UInt64.self).littleEndian
        if x != y { return length &+ (x ^ y).trailingZeroBitCount &>> 3 }
        length &+= 8
    }
    while length < max, unsafe a[length] == b[length] { length &+= 1 }
    return length
}

/// How many bytes before `a` and `b` are equal, `max` at most.
@inline(__always)
func commonSuffix(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, max: Int) -> Int {
    var length = 0
    while length &+ 8 <= max {
        let x = unsafe UnsafeRawPointer(a - length - 8).loadUnaligned(as: UInt64.self).littleEndian
        let y = unsafe UnsafeRawPointer(b - length - 8).loadUnaligned(as: UInt64.self).littleEndian
        if x != y { return length &+ (x ^ y).leadingZeroBitCount &>> 3 }
        length &+= 8
    }
    while length < max, unsafe a[-length - 1] == b[-length - 1] { length &+= 1 }
    return length
}
