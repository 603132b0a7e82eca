import HTTPTypes
import NIOCore
import NIOPosix
import RemoteWrite
import Synchronization

/// `POST /api/v1/write`: remote write 1.0.
final class WriteAPI: Sendable {
    /// Messages held at one time, each with its body in memory. A Prometheus sends over as many connections as it has shards and
    /// repeats what gets a 503.
    private static let heldMax = 8

    private let receiver: RemoteWriteReceiver
    /// One message is decoded after the other: the store takes them so anyway.
    private let thread = NIOThreadPool(numberOfThreads: 1)
    private let held = Atomic(0)

    init(receiver: RemoteWriteReceiver) {
        self.receiver = receiver
        thread.start()
    }

    deinit {
        thread.shutdownGracefully { _ in }
    }

    func write(_ request: WebRequest) async throws(WebError) -> WebResponse {
        if let refusal = receiver.refusal(
            contentType: request.headers[.contentType], contentEncoding: request.headers[.contentEncoding])
        {
            return response(refusal)
        }
        let before = held.wrappingAdd(1, ordering: .relaxed).oldValue
        defer { held.wrappingSubtract(1, ordering: .relaxed) }
        guard before < Self.heldMax else {
            throw WebError(
                .rateLimited, "\(before) messages are being stored already", status: 503, headers: [("Retry-After", "1")])
        }
        let body = try await request.body(upTo: RemoteWriteReceiver.compressedBytesMax)
        let bytes = Array(body.readableBytesView)
        let answer: WriteAnswer
        do {
            let receiver = receiver
            answer = try await thread.runIfActive { receiver.receive(bytes) }
        } catch {
            // The process ends; the sender comes back.
            throw WebError(.internal, "the message could not be stored", status: 503)
        }
        return response(answer)
    }

    private func response(_ answer: WriteAnswer) -> WebResponse {
        guard !answer.message.isEmpty else { return WebResponse(status: answer.status, contentType: nil, body: []) }
        return .text(answer.message + "\n", status: answer.status)
    }
}
