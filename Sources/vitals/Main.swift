import ArgumentParser
import AsyncHTTPClient
import Logging
import Web

@main
struct Vitals: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vitals", abstract: "Keeps a Postgres and Redis backed service observable.")
    func run() async throws { print("x", HTTPClient.shared) }
}
