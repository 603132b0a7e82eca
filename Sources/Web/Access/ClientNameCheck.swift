import NIOCore
import NIOSSL
import NIOTLS

/// Closes a TLS connection whose client certificate has none of the allowed names (`client_allowed_sans`).
final class ClientNameCheck: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private let allowed: [String]

    init(allowed: [String]) {
        self.allowed = allowed
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let tls = event as? TLSUserEvent, case .handshakeCompleted = tls else {
            return context.fireUserInboundEventTriggered(event)
        }
        let names: [String]
        do {
            let certificate = try context.pipeline.syncOperations.nioSSL_peerCertificate()
            names = certificate.map(Self.names) ?? []
        } catch {
            names = []
        }
        guard names.contains(where: allowed.contains) else { return context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    private static func names(of certificate: NIOSSLCertificate) -> [String] {
        certificate._subjectAlternativeNames().map { name in
            let bytes = name.contents.withUnsafeBufferPointer { Array($0) }
            guard name.nameType == .ipAddress else { return String(decoding: bytes, as: UTF8.self) }
            return Self.address(bytes)
        }
    }

    /// An address as text: four bytes with dots, sixteen as NIO writes IPv6.
    private static func address(_ bytes: [UInt8]) -> String {
        if bytes.count == 4 { return bytes.map { "\($0)" }.joined(separator: ".") }
        do {
            return try SocketAddress(packedIPAddress: ByteBuffer(bytes: bytes), port: 0).ipAddress ?? ""
        } catch {
            return ""
        }
    }
}
