// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        // Where the project itself is checked, a warning is an error; a user's newer compiler may warn and still build.
    ] + (Context.environment["CI"] == nil ? [] : [.treatAllWarnings(as: .error)])

// Where C memory or raw bytes are touched, every unsafe use is marked.
let strict = settings + [.strictMemorySafety()]

/// A room of the house: a library target with its test target, which may know more rooms.
func room(
    _ name: String, _ dependencies: [Target.Dependency], _ settings: [SwiftSetting] = settings,
    tests: [Target.Dependency] = []
) -> [Target] {
    [
        .target(name: name, dependencies: dependencies, swiftSettings: settings),
        .testTarget(
            name: "\(name)Tests", dependencies: [.target(name: name), "Support"] + dependencies + tests,
            swiftSettings: settings),
    ]
}

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")

let package = Package(
    name: "vitals",
    platforms: [.macOS(.v15)],
    dependencies: [
        // HTTP server and TLS. Without its default traits it stays on FoundationEssentials.
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        // Outgoing HTTP: notifications.
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        // The command line.
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        // The logging API; the handler (logfmt, json) is ours.
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        // Sockets and TLS of the Redis client.
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        // Start, signals and graceful stop of the long-running services.
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        // HTTP types of the server's requests and responses.
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        // The request and response parts that the server's channel handlers see.
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.29.0"),
    ],
    targets: [
        // System libraries, wrapped each by one room.
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        // No pkg-config: hiredis' names a flag that SwiftPM refuses, and it is found without.
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CSnappy", pkgConfig: "snappy", providers: [.apt(["libsnappy-dev"])]),
        .systemLibrary(name: "CCrypt", pkgConfig: "libcrypt", providers: [.apt(["libcrypt-dev"])]),
        .systemLibrary(name: "CMalloc"),
        // RE2 is C++; this shim gives it a C face.
        .target(name: "CRE2", linkerSettings: [.linkedLibrary("re2"), .linkedLibrary("stdc++")]),
    ]
        + room("YAML", ["CYAML"], strict)
        + room("MetricsModel", [])
        + room("Exposition", ["MetricsModel", "CZlib"], strict)
        + room("SampleStore", ["MetricsModel"], strict, tests: ["PromQL"])
        + room("RemoteWrite", ["MetricsModel", "CSnappy"], strict)
        + room("PromQL", ["MetricsModel", "CRE2"], tests: ["Alerting", "Fuzzing"])
        + room("Alerting", ["MetricsModel", "PromQL", "YAML"])
        + room(
            "Receivers",
            [
                "Alerting", "MetricsModel", .product(name: "AsyncHTTPClient", package: "async-http-client"), nioCore,
                nioPosix, nioHTTP1,
            ])
        + room("Postgres", ["CLibPQ"], strict)
        + room("Redis", ["CHiredis", nioCore, nioPosix, nioSSL, nioTLS], strict)
        + room("Sampling", ["MetricsModel", "Postgres", "Redis", "YAML"])
        + room("Health", ["MetricsModel"])
        + room("Records", ["MetricsModel", "Postgres", "Health"])
        + room(
            "Web",
            [
                "MetricsModel", "Exposition", "PromQL", "Alerting", "Health", "Records", "RemoteWrite", "YAML", "CZlib", "CCrypt",
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                nioCore, nioPosix, nioSSL, nioTLS, nioHTTP1, logging, lifecycle,
            ])
        + [
            .target(name: "Demo", dependencies: ["Postgres", "Redis"], swiftSettings: settings),
            .executableTarget(
                name: "vitals",
                dependencies: [
                    "MetricsModel", "SampleStore", "PromQL", "Alerting", "Receivers", "Postgres", "Redis", "Sampling",
                    "Health", "Records", "RemoteWrite", "Web", "Demo", "YAML", "CMalloc",
                    .product(name: "ArgumentParser", package: "swift-argument-parser"),
                    .product(name: "AsyncHTTPClient", package: "async-http-client"),
                    logging, lifecycle, signals, nioCore, nioHTTP1,
                ],
                swiftSettings: settings),
            .testTarget(
                name: "VitalsTests",
                dependencies: [
                    "vitals", "Support", "MetricsModel", "Alerting", "Receivers", "Sampling",
                    .product(name: "ArgumentParser", package: "swift-argument-parser"),
                ], swiftSettings: settings),
            .target(name: "Support", dependencies: ["Demo", "Postgres"], path: "Tests/Support", swiftSettings: settings),
            .testTarget(
                name: "IntegrationTests",
                dependencies: [
                    "vitals", "Support", "Demo", "Postgres", "Redis", "Sampling", "MetricsModel", "PromQL", "YAML",
                    .product(name: "AsyncHTTPClient", package: "async-http-client"), nioCore, nioHTTP1,
                ],
                path: "Tests/Integration", swiftSettings: settings),
            // Random input, for the tests and for `conformance fuzz`.
            .target(
                name: "Fuzzing", dependencies: ["MetricsModel", "PromQL", "Alerting"], path: "Tests/Fuzzing",
                swiftSettings: settings),
            .executableTarget(
                name: "conformance", dependencies: ["PromQL", "MetricsModel", "SampleStore", "Alerting", "Fuzzing"],
                path: "Tests/Conformance", swiftSettings: settings),
            .executableTarget(
                name: "benchmarks",
                dependencies: [
                    "Demo", "Postgres", "Redis", "Alerting", "CMalloc", "Exposition", "MetricsModel", "PromQL",
                    "SampleStore",
                ],
                path: "Tests/Benchmarks", swiftSettings: settings),
        ]
)
