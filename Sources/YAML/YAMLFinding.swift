/// Something wrong in a file, and where.
public struct YAMLFinding: Error, Sendable, Hashable, Comparable, CustomStringConvertible {
    public let file: String
    /// 1-based; 0 when the finding is about the whole file.
    public let line: Int
    /// 1-based; 0 when the finding is about the whole file.
    public let column: Int
    /// What is wrong, and what would be right.
    public let message: String

    public init(file: String, line: Int, column: Int, message: String) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
    }

    /// `FILE: LINE:COLUMN: MESSAGE`, as promtool writes it.
    public var description: String {
        line == 0 ? "\(file): \(message)" : "\(file): \(line):\(column): \(message)"
    }

    public static func < (a: YAMLFinding, b: YAMLFinding) -> Bool {
        (a.file, a.line, a.column, a.message) < (b.file, b.line, b.column, b.message)
    }
}

/// Gathers what is wrong in one file while it is read, so that its author sees everything at once. One reading, one thread.
public final class YAMLReport {
    public let file: String
    /// In the order in which they were found.
    public private(set) var findings: [YAMLFinding] = []

    public init(file: String) {
        self.file = file
    }

    public func add(_ message: String, line: Int, column: Int) {
        findings.append(YAMLFinding(file: file, line: line, column: column, message: message))
    }

    /// Parses a text. nil when it is no YAML (then that is a finding) or holds no document; a second document is a finding.
    public func read(_ bytes: some Collection<UInt8>, limits: YAMLLimits = YAMLLimits()) -> YAMLReader? {
        do {
            let document = try YAMLDocument(bytes, limits: limits)
            if let line = document.nextDocumentLine {
                add("a second document begins here; only one is read", line: line, column: 1)
            }
            return document.root.map { YAMLReader($0, self) }
        } catch {
            add(error.message, line: error.line, column: error.column)
            return nil
        }
    }
}
