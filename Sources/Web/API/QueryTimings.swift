import Health
import Synchronization

/// How long the parts of one query took, for `stats=all`. Used by one thread after the other.
final class QueryTimings: Sendable {
    private struct State {
        var started = ContinuousClock.now
        var preparation = Duration.zero
        var evaluation = Duration.zero
    }

    private let state = Mutex(State())

    /// The expression is parsed.
    func prepared() {
        state.withLock { $0.preparation = .now - $0.started }
    }

    /// The result is there.
    func evaluated() {
        state.withLock { $0.evaluation = .now - $0.started - $0.preparation }
    }

    var preparation: Duration { state.withLock { $0.preparation } }
    var evaluation: Duration { state.withLock { $0.evaluation } }
}

extension JSONWriter {
    /// The member `stats`, in the fields of util/stats that are measured here. Seconds.
    mutating func statistics(_ timings: QueryTimings, samplesRead: Int) {
        key("stats")
        object { json in
            json.key("timings")
            json.object { json in
                let (preparation, evaluation) = (timings.preparation.secondsValue, timings.evaluation.secondsValue)
                json.member("evalTotalTime", preparation + evaluation)
                json.member("resultSortTime", 0.0)
                json.member("queryPreparationTime", preparation)
                json.member("innerEvalTime", evaluation)
                json.member("execQueueTime", 0.0)
                json.member("execTotalTime", preparation + evaluation)
            }
            json.key("samples")
            json.object { $0.member("totalQueryableSamples", samplesRead) }
        }
    }
}
