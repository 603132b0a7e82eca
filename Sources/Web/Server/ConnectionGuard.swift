import NIOCore
import NIOHTTPTypes

/// Closes a connection that stays in one phase too long: slow heads, slow bodies, idle readers, clients that do not take their response.
/// Sits between the HTTP codec and the request handling.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// What a client gets to take the last bytes and close its side.
    private static let closingTimeout: Duration = .seconds(5)

    private let limits: WebLimits
    private let registry: ConnectionRegistry
    private var phase = ConnectionPhase()
    private var timer: Scheduled<Void>?

    init(limits: WebLimits, registry: ConnectionRegistry) {
        self.limits = limits
        self.registry = registry
    }

    func handlerAdded(context: ChannelHandlerContext) {
        registry.opened(context.channel)
        let registry = registry
        let channel = context.channel
        channel.closeFuture.whenComplete { _ in registry.closed(channel) }
        arm(context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let before = phase.phase
        switch unwrapInboundIn(data) {
        case .head: phase.headArrived()
        case .body: break
        case .end: phase.requestEnded()
        }
        moved(from: before, context)
        context.fireChannelRead(data)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { registry.left(context.channel) }
        context.fireUserInboundEventTriggered(event)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .end = unwrapOutboundIn(data) else { return context.write(data, promise: promise) }
        // The phase ends when the client has taken the bytes, not when they were handed over.
        let written = promise ?? context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        written.futureResult.whenComplete { _ in
            let (handler, context) = bound.value
            let before = handler.phase.phase
            handler.phase.responseEnded()
            handler.moved(from: before, context)
        }
        context.write(data, promise: written)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if case .output = mode {
            let before = phase.phase
            phase.outputClosed()
            moved(from: before, context)
        }
        context.close(mode: mode, promise: promise)
    }

    private func moved(from before: ConnectionPhase.Phase, _ context: ChannelHandlerContext) {
        guard phase.phase != before else { return }
        switch phase.phase {
        case .receiving, .responding:
            if before == .opening || before == .idle { registry.becameBusy(context.channel) }
        case .idle, .closing: registry.becameIdle(context.channel)
        case .opening: break
        }
        arm(context)
    }

    private func arm(_ context: ChannelHandlerContext) {
        timer?.cancel()
        guard context.channel.isActive || phase.phase == .opening else { return }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: TimeAmount(timeAllowed)) {
            bound.value.close(promise: nil)
        }
    }

    private var timeAllowed: Duration {
        switch phase.phase {
        case .opening: limits.headTimeout
        case .idle: limits.idleTimeout
        case .receiving: limits.bodyTimeout
        case .responding: limits.responseTimeout
        case .closing: Self.closingTimeout
        }
    }
}
