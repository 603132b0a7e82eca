import Support
import Testing

@testable import Postgres

@Suite struct ConnectionMachineTests {
    static let refused = PostgresError(.connection, "refused")

    @Test("closed => connecting => idle => busy => idle")
    func ordinary() {
        var machine = ConnectionMachine()
        #expect(machine.connectRequested() == .start)
        #expect(machine.connected() == .ready)
        #expect(machine.requested() == .send)
        #expect(machine.answered() == .ready)
        #expect(machine.state == .idle)
        #expect(machine.connectRequested() == .none)
    }

    @Test("busy => draining (nothing is sent) => idle")
    func late() {
        var machine = ConnectionMachine()
        _ = machine.connectRequested()
        _ = machine.connected()
        _ = machine.requested()
        #expect(machine.deadlinePassed() == .continueInBackground)
        #expect(machine.state == .draining)
        #expect(machine.requested() == .refuse(.busy))
        #expect(machine.connectRequested() == .refuse(.stillWaiting))
        #expect(machine.answered() == .ready)
        #expect(machine.requested() == .send)
    }

    @Test("connecting => connecting in the background (no second attempt) => idle")
    func hanging() {
        var machine = ConnectionMachine()
        _ = machine.connectRequested()
        #expect(machine.deadlinePassed() == .continueInBackground)
        #expect(machine.connectRequested() == .refuse(.stillWaiting))
        #expect(machine.requested() == .refuse(.busy))
        #expect(machine.connected() == .ready)
        #expect(machine.requested() == .send)
    }

    @Test("any state => lost => closed, and a new attempt may start")
    func loss() {
        var machine = ConnectionMachine()
        #expect(machine.lost(Self.refused) == .none)
        _ = machine.connectRequested()
        #expect(machine.lost(Self.refused) == .finish)
        #expect(machine.requested() == .refuse(.lost(Self.refused)))
        #expect(machine.connectRequested() == .start)
    }

    @Test("Under any order of events there is one attempt or one exchange at most", arguments: [UInt64(3)])
    func anyOrder(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            var machine = ConnectionMachine()
            // What the I/O has under way, by the actions alone.
            var attempts = 0
            var exchanges = 0
            for _ in 0..<40 {
                switch Int.random(in: 0..<7, using: &generator) {
                case 0: if machine.connectRequested() == .start { attempts += 1 }
                case 1: if attempts > 0, machine.connected() == .ready { attempts -= 1 }
                case 2: if machine.requested() == .send { exchanges += 1 }
                case 3: if exchanges > 0, machine.answered() == .ready { exchanges -= 1 }
                case 4: _ = machine.deadlinePassed()
                case 5: if machine.lost(Self.refused) == .finish { (attempts, exchanges) = (0, 0) }
                default: if machine.closeRequested() == .finish { (attempts, exchanges) = (0, 0) }
                }
                #expect(attempts + exchanges <= 1, "seed \(seed)")
                switch machine.state {
                case .closed, .idle: #expect(attempts + exchanges == 0, "seed \(seed)")
                case .connecting: #expect(attempts == 1, "seed \(seed)")
                case .busy, .draining: #expect(exchanges == 1, "seed \(seed)")
                }
            }
        }
    }
}

@Suite struct SessionMachineTests {
    @Test("free => taken => handed over in order => free")
    func turns() {
        var machine = SessionMachine()
        #expect(machine.acquire(1) == .use)
        #expect(machine.acquire(2) == .wait)
        #expect(machine.acquire(3) == .wait)
        #expect(machine.acquire(4) == .wait)
        machine.withdraw(3)
        #expect(machine.release(isResponsive: true) == .hand(to: 2))
        #expect(machine.release(isResponsive: true) == .hand(to: 4))
        #expect(machine.release(isResponsive: true) == .none)
        #expect(machine.state == .free)
    }

    @Test("When the server does not answer nobody goes on waiting")
    func unresponsive() {
        var machine = SessionMachine()
        _ = machine.acquire(1)
        _ = machine.acquire(2)
        #expect(machine.release(isResponsive: false) == .refuseAll([2]))
        #expect(machine.state == .free)
    }

    @Test("The queue takes its limit and not one more")
    func limit() {
        var machine = SessionMachine()
        _ = machine.acquire(0)
        for user in 1...UInt64(SessionMachine.queueMax) { #expect(machine.acquire(user) == .wait) }
        #expect(machine.acquire(9999) == .refuse(.stillWaiting))
    }

    @Test("Failed attempts are spaced 250 ms, 500 ms, … 5 s; success starts over")
    func backoff() {
        var machine = SessionMachine()
        let error = PostgresError(.connection, "refused")
        var now = ContinuousClock.now
        for milliseconds in [250, 500, 1000, 2000, 4000, 5000, 5000] {
            #expect(machine.connectRequested(at: now) == .connect)
            machine.connectFailed(error, at: now)
            #expect(machine.connectRequested(at: now + .milliseconds(milliseconds - 1)) == .refuse(error))
            now += .milliseconds(milliseconds)
        }
        machine.connected()
        machine.connectFailed(error, at: now)
        #expect(machine.backoff?.pause == .milliseconds(250))
    }
}
