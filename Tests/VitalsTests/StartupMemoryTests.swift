import Testing

@testable import vitals

@Suite struct StartupMemoryTests {
    @Test("Only the executable's own code is given back, not its data and no library")
    func ranges() {
        let maps = """
            55d0a0000000-55d0a0001000 r--p 00000000 fe:00 12     /usr/bin/a vitals
            55d0a0001000-55d0a0009000 r-xp 00001000 fe:00 12     /usr/bin/a vitals
            55d0a0009000-55d0a000a000 rw-p 00009000 fe:00 12     /usr/bin/a vitals
            7f0000000000-7f0000010000 r-xp 00000000 fe:00 13     /usr/lib/libc.so.6
            7ffd00000000-7ffd00021000 rw-p 00000000 00:00 0      [stack]
            nonsense
            """
        #expect(StartupMemory.textRanges(in: maps, of: "/usr/bin/a vitals") == [0x55d0_a000_1000..<0x55d0_a000_9000])
    }
}
