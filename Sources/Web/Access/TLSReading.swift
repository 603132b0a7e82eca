import NIOSSL
import YAML

/// Reads `tls_server_config`. A finding names the key to blame; the content of a key file is never repeated.
struct TLSReading {
    private enum ClientAuthentication { case none, request, requireAny, verifyIfGiven, requireAndVerify }

    private static let clientTypes: [(String, ClientAuthentication)] = [
        ("NoClientCert", .none), ("RequestClientCert", .request), ("RequireAnyClientCert", .requireAny),
        ("RequireClientCert", .requireAny), ("VerifyClientCertIfGiven", .verifyIfGiven),
        ("RequireAndVerifyClientCert", .requireAndVerify),
        ("", .none),
    ]
    private static let versions: [(String, TLSVersion)] = [
        ("TLS13", .tlsv13), ("TLS12", .tlsv12), ("TLS11", .tlsv11), ("TLS10", .tlsv1),
    ]
    /// Names as Go has them, of the suites that BoringSSL has too.
    private static let ciphers: [(String, NIOTLSCipher)] = [
        ("TLS_RSA_WITH_AES_128_CBC_SHA", .TLS_RSA_WITH_AES_128_CBC_SHA),
        ("TLS_RSA_WITH_AES_256_CBC_SHA", .TLS_RSA_WITH_AES_256_CBC_SHA),
        ("TLS_RSA_WITH_AES_128_GCM_SHA256", .TLS_RSA_WITH_AES_128_GCM_SHA256),
        ("TLS_RSA_WITH_AES_256_GCM_SHA384", .TLS_RSA_WITH_AES_256_GCM_SHA384),
        ("TLS_AES_128_GCM_SHA256", .TLS_AES_128_GCM_SHA256), ("TLS_AES_256_GCM_SHA384", .TLS_AES_256_GCM_SHA384),
        ("TLS_CHACHA20_POLY1305_SHA256", .TLS_CHACHA20_POLY1305_SHA256),
        ("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", .TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA),
        ("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", .TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA),
        ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", .TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA),
        ("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", .TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA),
        ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
        ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384),
        ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256),
        ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384),
        ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256),
        ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305", .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256),
        ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256),
        ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305", .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256),
    ]
    private static let curves: [(String, NIOTLSCurve)] = [
        ("CurveP256", .secp256r1), ("CurveP384", .secp384r1), ("CurveP521", .secp521r1), ("X25519", .x25519),
        ("X25519MLKEM768", .x25519_MLKEM768),
    ]
    private static let keys = [
        "cert", "cert_file", "key", "key_file", "client_ca", "client_ca_file", "client_auth_type", "client_allowed_sans",
        "min_version",
        "max_version", "cipher_suites", "prefer_server_cipher_suites", "curve_preferences",
    ]

    let directory: String
    private(set) var files: [String] = []

    init(directory: String) {
        self.directory = directory
    }

    /// nil when there is nothing in it, or a finding.
    mutating func read(_ reader: YAMLReader) -> TLSSettings? {
        guard let fields = reader.fields(Self.keys) else { return nil }
        guard Self.keys.contains(where: { fields[$0] != nil }) else { return nil }
        let before = reader.report.findings.count
        let certificates = certificates(fields)
        let key = privateKey(fields)
        let clientCA = clientAuthorities(fields)
        let client = fields["client_auth_type"].map { $0.choice(Self.clientTypes) } ?? ClientAuthentication.none
        let names = fields["client_allowed_sans"]?.list { $0.nonEmptyString() } ?? []
        let minimum = fields["min_version"].map { $0.choice(Self.versions) } ?? .tlsv12
        let maximum = fields["max_version"].map { $0.choice(Self.versions) } ?? .tlsv13
        let suites = fields["cipher_suites"]?.list { $0.choice(Self.ciphers) } ?? []
        let groups = fields["curve_preferences"]?.list { $0.choice(Self.curves) } ?? []
        // Go ignores it since 1.17, as does BoringSSL's server here.
        _ = fields["prefer_server_cipher_suites"]?.bool()

        if clientCA != nil, client == ClientAuthentication.none {
            reader.fail("a client CA is configured without a client_auth_type that uses it")
        }
        if !names.isEmpty, client != .requireAndVerify {
            reader.fail("client_allowed_sans needs client_auth_type: RequireAndVerifyClientCert")
        }
        if let minimum, let maximum, Self.rank(minimum) > Self.rank(maximum) { reader.fail("min_version is above max_version") }
        guard reader.report.findings.count == before, let certificates, let key, let client, let minimum, let maximum else {
            return nil
        }

        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(key))
        tls.minimumTLSVersion = minimum
        tls.maximumTLSVersion = maximum
        tls.applicationProtocols = ["http/1.1"]
        if !suites.isEmpty { tls.cipherSuiteValues = suites }
        if !groups.isEmpty { tls.curves = groups }
        if let clientCA { tls.trustRoots = .certificates(clientCA) }
        switch client {
        case .none: tls.certificateVerification = .none
        case .request, .verifyIfGiven: tls.certificateVerification = .optionalVerification
        case .requireAny, .requireAndVerify: tls.certificateVerification = .noHostnameVerification
        }
        do {
            return TLSSettings(
                context: try NIOSSLContext(configuration: tls), acceptsAnyClient: client == .request || client == .requireAny,
                allowedNames: names)
        } catch {
            reader.fail("certificate and key can not be used together: \(error)")
            return nil
        }
    }

    private static func rank(_ version: TLSVersion) -> Int {
        versions.count - (versions.firstIndex { $0.1 == version } ?? 0)
    }

    private mutating func certificates(_ fields: YAMLFields) -> [NIOSSLCertificate]? {
        pem("cert", fields, required: true) { bytes in try NIOSSLCertificate.fromPEMBytes(bytes) }
    }

    private mutating func privateKey(_ fields: YAMLFields) -> NIOSSLPrivateKey? {
        pem("key", fields, required: true) { bytes in try NIOSSLPrivateKey(bytes: bytes, format: .pem) }
    }

    private mutating func clientAuthorities(_ fields: YAMLFields) -> [NIOSSLCertificate]? {
        pem("client_ca", fields, required: false) { bytes in try NIOSSLCertificate.fromPEMBytes(bytes) }
    }

    /// Reads `name` (the PEM itself) or `name_file`.
    private mutating func pem<Value>(
        _ name: String, _ fields: YAMLFields, required: Bool, _ parse: ([UInt8]) throws -> Value
    ) -> Value? {
        let fileKey = "\(name)_file"
        let inline = fields[name]
        let file = fields[fileKey]
        if let file, inline != nil {
            file.fail("only one of \(name) and \(fileKey) can be given")
            return nil
        }
        guard let reader = inline ?? file else {
            if required { fields.reader.fail("missing one of \(name) or \(fileKey)") }
            return nil
        }
        guard let text = reader.nonEmptyString() else { return nil }
        var bytes = Array(text.utf8)
        if file != nil {
            let path = text.hasPrefix("/") ? text : directory + text
            files.append(path)
            switch FileContent.read(path) {
            case .success(let content): bytes = content
            case .failure(let error):
                reader.fail(error.description)
                return nil
            }
        }
        do {
            return try parse(bytes)
        } catch {
            reader.fail("\(file == nil ? name : text) holds no usable PEM of a \(name == "key" ? "private key" : "certificate")")
            return nil
        }
    }
}
