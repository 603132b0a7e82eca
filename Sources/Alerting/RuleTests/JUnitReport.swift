/// Results as JUnit XML, as promtool writes them (util/junitxml).
struct JUnitReport {
    struct Case {
        let name: String
        var failures: [String] = []
        var error: String?
    }

    struct Suite {
        let name: String
        var timestamp = ""
        var cases: [Case] = []
        /// Names and values beyond the results.
        var properties: [(name: String, value: String)] = []

        /// Ends the suite with an error that belongs to no case.
        mutating func abort(_ error: String) {
            if cases.isEmpty { cases.append(Case(name: "unknown")) }
            cases[cases.count - 1].error = error
        }
    }

    var suites: [Suite] = []

    var xml: String {
        var out = "<testsuites>"
        for suite in suites {
            let failures = suite.cases.reduce(0) { $0 + $1.failures.count }
            let errors = suite.cases.lazy.filter { $0.error != nil }.count
            out += "<testsuite name=\"\(escaped(suite.name))\" tests=\"\(suite.cases.count)\" failures=\"\(failures)\""
            out += " errors=\"\(errors)\" skipped=\"0\" timestamp=\"\(escaped(suite.timestamp))\">"
            if !suite.properties.isEmpty {
                out += "<properties>"
                for (name, value) in suite.properties {
                    out += "<property name=\"\(escaped(name))\" value=\"\(escaped(value))\"></property>"
                }
                out += "</properties>"
            }
            for one in suite.cases {
                out += "<testcase name=\"\(escaped(one.name))\">"
                for failure in one.failures { out += "<failure>\(escaped(failure))</failure>" }
                if let error = one.error { out += "<error>\(escaped(error))</error>" }
                out += "</testcase>"
            }
            out += "</testsuite>"
        }
        return out + "</testsuites>"
    }

    /// As encoding/xml escapes text; what XML cannot hold becomes the replacement character.
    private func escaped(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "&#34;"
            case "'": out += "&#39;"
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\t": out += "&#x9;"
            case "\n": out += "&#xA;"
            case "\r": out += "&#xD;"
            default: out.unicodeScalars.append(scalar.value < 0x20 || scalar.value & 0xFFFE == 0xFFFE ? "\u{FFFD}" : scalar)
            }
        }
        return out
    }
}
