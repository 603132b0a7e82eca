/// A health endpoint's answer.
public struct HealthDocument: Sendable, Equatable {
    /// The HTTP status: 200 or 503.
    public let httpStatus: Int
    /// JSON, UTF-8.
    public let body: [UInt8]
}

/// A name in the `services` of `/health` and the component behind it.
public struct HealthService: Sendable, Hashable {
    public let name: String
    public let component: String

    public init(_ name: String, component: String) {
        self.name = name
        self.component = component
    }

    /// `redis` and `postgres` (H2); `api`, this process, is always there.
    public static let documented = [HealthService("redis", component: "cache"), HealthService("postgres", component: "database")]
}

extension HealthReport {
    /// `GET /api/health` (H1): 503 when unhealthy, since a checker that reads only the code must not see a success then.
    public var apiHealth: HealthDocument {
        var json = JSONWriter()
        json.object { json in
            json.member("status", status.rawValue)
            json.member("timestamp", isoTimestamp(timestamp))
            json.member("version", version)
            json.key("components")
            json.object { json in
                for component in components {
                    json.key(component.name)
                    json.object { json in
                        json.member("status", component.status.rawValue)
                        json.member("latencyMs", component.latencyMilliseconds)
                        if let message = component.state.message { json.member("message", message) }
                    }
                }
            }
        }
        return HealthDocument(httpStatus: status == .unhealthy ? 503 : 200, body: json.bytes)
    }

    /// `GET /health` (H2): 200 when every service is up, 503 when one or more are down.
    public func health(services: [HealthService] = HealthService.documented) -> HealthDocument {
        let states = services.map { ($0.name, self[$0.component]?.state.isReachable ?? false) }
        let allUp = states.allSatisfy(\.1)
        var json = JSONWriter()
        json.object { json in
            json.member("status", allUp ? "ok" : "degraded")
            json.key("services")
            json.object { json in
                json.member("api", true)
                for (name, isUp) in states { json.member(name, isUp) }
            }
            json.member("timestamp", isoTimestamp(timestamp))
        }
        return HealthDocument(httpStatus: allUp ? 200 : 503, body: json.bytes)
    }

    /// `GET /health/live` (H3): 200 as long as the process runs.
    public static func live(timestamp: Int64) -> HealthDocument {
        HealthDocument(httpStatus: 200, body: statusDocument("ok", timestamp))
    }

    /// `GET /health/ready` (H4). Says no details: probes are open to everyone.
    public var ready: HealthDocument {
        HealthDocument(
            httpStatus: isReady ? 200 : 503,
            body: Self.statusDocument(isReady ? "ready" : isShuttingDown ? "shutting down" : "not ready", timestamp))
    }

    private static func statusDocument(_ status: String, _ timestamp: Int64) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("status", status)
            json.member("timestamp", isoTimestamp(timestamp))
        }
        return json.bytes
    }
}
