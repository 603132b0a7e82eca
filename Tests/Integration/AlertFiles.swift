import FoundationEssentials
import YAML

/// An alert rule as it stands in a file of `alerts/`.
struct AlertRule {
    let file: String
    let group: String
    let name: String
    let expression: String
    let hold: String?
    let labels: [String: String]
    let annotations: [String: String]
}

/// A runbook, cut at its headings and fences.
struct Runbook {
    struct Block {
        /// `promql`, `sql`, `redis`, `sh` or `text`.
        let language: String
        let text: String
    }

    let alert: String
    let title: String
    let headings: [String]
    let blocks: [Block]
    /// What stands in backticks in its prose.
    let inlineCode: [String]

    init(alert: String, markdown: String) {
        self.alert = alert
        var title = ""
        var headings: [String] = []
        var blocks: [Block] = []
        var inline: [String] = []
        var open: (language: String, lines: [Substring])?
        for line in markdown.split(separator: "\n", omittingEmptySubsequences: false) {
            if let block = open {
                if line == "```" {
                    blocks.append(Block(language: block.language, text: block.lines.joined(separator: "\n")))
                    open = nil
                } else {
                    open = (block.language, block.lines + [line])
                }
            } else if line.hasPrefix("```") {
                open = (String(line.dropFirst(3)), [])
            } else if line.hasPrefix("## ") {
                headings.append(String(line.dropFirst(3)))
            } else if line.hasPrefix("# ") {
                title = String(line.dropFirst(2))
            } else {
                // Every second piece between backticks is code.
                let pieces = line.split(separator: "`", omittingEmptySubsequences: false)
                inline += pieces.enumerated().filter { !$0.offset.isMultiple(of: 2) }.map { String($0.element) }
            }
        }
        (self.title, self.headings, self.blocks, inlineCode) = (title, headings, blocks, inline)
    }
}

/// The rules and runbooks of the repository.
enum AlertFiles {
    struct Malformed: Error { let what: String }

    static let ruleFiles = ["vitals.yml", "documented.yml"]
    static let testFiles = ["tests/vitals_test.yml", "tests/documented_test.yml"]

    static let directory = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "alerts")

    static func path(_ file: String) -> String { directory.appending(path: file).path }

    static func text(_ file: String) throws -> String {
        String(decoding: try Data(contentsOf: directory.appending(path: file)), as: UTF8.self)
    }

    /// Every alert rule of both files.
    static func rules() throws -> [AlertRule] { try ruleFiles.flatMap(rules) }

    static func rules(in file: String) throws -> [AlertRule] {
        let document = try YAMLDocument(try text(file))
        return try elements(document.root?["groups"], "groups of \(file)").flatMap { group in
            let groupName = try scalar(group["name"], "a group's name in \(file)")
            return try elements(group["rules"], "rules of \(groupName)").map { rule in
                AlertRule(
                    file: file, group: groupName, name: try scalar(rule["alert"], "an alert's name in \(groupName)"),
                    expression: try scalar(rule["expr"], "an expression in \(groupName)"),
                    hold: try rule["for"].map { try scalar($0, "for in \(groupName)") },
                    labels: try texts(rule["labels"], "labels in \(groupName)"),
                    annotations: try texts(rule["annotations"], "annotations in \(groupName)"))
            }
        }
    }

    /// Which alerts a file of rule tests expects to fire, and which it looks at and expects nothing of.
    static func tested(in file: String) throws -> (firing: Set<String>, silent: Set<String>) {
        var firing: Set<String> = []
        var silent: Set<String> = []
        for test in try elements(YAMLDocument(try text(file)).root?["tests"], "tests of \(file)") {
            for check in try elements(test["alert_rule_test"], "checks of \(file)") {
                let name = try scalar(check["alertname"], "alertname in \(file)")
                if try elements(check["exp_alerts"], "exp_alerts of \(name)").isEmpty {
                    silent.insert(name)
                } else {
                    firing.insert(name)
                }
            }
        }
        return (firing, silent)
    }

    static func runbookNames() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path("runbooks"))
            .filter { $0.hasSuffix(".md") }.map { String($0.dropLast(3)) }.sorted()
    }

    static func runbook(_ alert: String) throws -> Runbook {
        Runbook(alert: alert, markdown: try text("runbooks/\(alert).md"))
    }

    static func runbooks() throws -> [Runbook] { try runbookNames().map(runbook) }

    // MARK: - YAML

    private static func elements(_ node: YAMLNode?, _ what: String) throws -> [YAMLNode] {
        guard case .sequence(let nodes) = node?.content else { throw Malformed(what: what) }
        return nodes
    }

    private static func scalar(_ node: YAMLNode?, _ what: String) throws -> String {
        guard case .scalar(let scalar) = node?.content else { throw Malformed(what: what) }
        return scalar.text
    }

    private static func texts(_ node: YAMLNode?, _ what: String) throws -> [String: String] {
        guard case .mapping(let entries) = node?.content else { throw Malformed(what: what) }
        return try Dictionary(uniqueKeysWithValues: entries.map { ($0.key, try scalar($0.value, what)) })
    }
}
