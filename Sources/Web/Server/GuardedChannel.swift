import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes
import NIOSSL

/// A connection's pipeline: TLS from the settings of this moment, so that a new certificate holds from the next handshake on, then
/// Hummingbird's HTTP/1.1 with our limits.
struct GuardedChannel: ServerChildChannel {
    typealias Value = HTTP1Channel.Value

    private let base: HTTP1Channel
    private let access: AccessSettings

    init(limits: WebLimits, registry: ConnectionRegistry, access: AccessSettings, responder: @escaping HTTP1Channel.Responder) {
        self.access = access
        base = HTTP1Channel(
            responder: responder,
            configuration: HTTP1Channel.Configuration(
                additionalChannelHandlers: [ConnectionGuard(limits: limits, registry: registry)],
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: limits.headBytes, maxHeaderListSize: limits.headBytes,
                    maxHeaderFieldCount: limits.headerFields)))
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let tls = access.current.tls
        return channel.eventLoop.makeCompletedFuture {
            guard let tls else { return }
            try channel.pipeline.syncOperations.addHandler(tls.makeHandler())
            if !tls.allowedNames.isEmpty {
                try channel.pipeline.syncOperations.addHandler(ClientNameCheck(allowed: tls.allowedNames))
            }
        }.flatMap { base.setup(channel: channel, logger: logger) }
    }

    func handle(value: Value, logger: Logger) async {
        await base.handle(value: value, logger: logger)
    }
}
