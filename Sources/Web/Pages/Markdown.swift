/// Renders the Markdown that runbooks use: headings, paragraphs, lists, tables, fenced code, and inline code, bold text and links. Raw HTML
/// in it is text.
enum Markdown {
    static func render(_ text: String, into html: inout HTML) {
        var block = Block.none
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            render(line.last == "\r" ? line.dropLast() : line, &block, &html)
        }
        close(&block, &html)
    }

    private enum Block { case none, paragraph, list, numbered, table, code }

    private static func render(_ line: Substring, _ block: inout Block, _ html: inout HTML) {
        let trimmed = line.drop { $0 == " " || $0 == "\t" }
        if case .code = block {
            if trimmed.hasPrefix("```") { return close(&block, &html) }
            html.text(String(line))
            return html.markup("\n")
        }
        if trimmed.hasPrefix("```") {
            return open(.code, &block, &html)
        }
        if trimmed.isEmpty { return close(&block, &html) }
        if let (level, title) = heading(trimmed) {
            close(&block, &html)
            switch level {
            case 1: html.markup("<h1>")
            case 2: html.markup("<h2>")
            default: html.markup("<h3>")
            }
            inline(title, &html)
            switch level {
            case 1: return html.markup("</h1>\n")
            case 2: return html.markup("</h2>\n")
            default: return html.markup("</h3>\n")
            }
        }
        if trimmed.hasPrefix("- ") || trimmed.hasPrefix("* ") {
            open(.list, &block, &html)
            html.markup("<li>")
            return inline(trimmed.dropFirst(2), &html)
        }
        if let item = numberedItem(trimmed) {
            open(.numbered, &block, &html)
            html.markup("<li>")
            return inline(item, &html)
        }
        if trimmed.hasPrefix("|") { return tableRow(trimmed, &block, &html) }
        switch block {
        case .list, .numbered, .paragraph: html.markup("\n")
        case .none, .table, .code: open(.paragraph, &block, &html)
        }
        inline(trimmed, &html)
    }

    private static func heading(_ line: Substring) -> (Int, Substring)? {
        let marks = line.prefix { $0 == "#" }.count
        let rest = line.dropFirst(marks)
        guard (1...6).contains(marks), rest.first == " " else { return nil }
        return (marks, rest.dropFirst())
    }

    private static func numberedItem(_ line: Substring) -> Substring? {
        let digits = line.prefix { $0.isASCII && $0.isNumber }
        let rest = line.dropFirst(digits.count)
        guard !digits.isEmpty, digits.count < 4, rest.hasPrefix(". ") else { return nil }
        return rest.dropFirst(2)
    }

    private static func tableRow(_ line: Substring, _ block: inout Block, _ html: inout HTML) {
        // The line under the head that only draws.
        if line.allSatisfy({ "|-: ".contains($0) }) { return }
        let isHead = block != .table
        open(.table, &block, &html)
        html.markup("<tr>")
        var cells = line.split(separator: "|", omittingEmptySubsequences: false).dropFirst()
        if cells.last?.allSatisfy({ $0 == " " }) == true { cells = cells.dropLast() }
        for cell in cells {
            html.markup(isHead ? "<th>" : "<td>")
            inline(cell, &html)
            html.markup(isHead ? "</th>" : "</td>")
        }
        html.markup("</tr>\n")
    }

    private static func open(_ wanted: Block, _ block: inout Block, _ html: inout HTML) {
        guard block != wanted else { return }
        close(&block, &html)
        switch wanted {
        case .none: break
        case .paragraph: html.markup("<p>")
        case .list: html.markup("<ul>\n")
        case .numbered: html.markup("<ol>\n")
        case .table: html.markup("<table>\n")
        case .code: html.markup("<pre><code>")
        }
        block = wanted
    }

    private static func close(_ block: inout Block, _ html: inout HTML) {
        switch block {
        case .none: break
        case .paragraph: html.markup("</p>\n")
        case .list: html.markup("</ul>\n")
        case .numbered: html.markup("</ol>\n")
        case .table: html.markup("</table>\n")
        case .code: html.markup("</code></pre>\n")
        }
        block = .none
    }

    /// Code first, then links and bold text; what does not close is text.
    private static func inline(_ line: Substring, _ html: inout HTML) {
        var rest = line
        var plain = ""
        while let character = rest.first {
            if character == "`", let (code, after) = between("`", "`", rest) {
                flush(&plain, &html)
                html.markup("<code>")
                html.text(code)
                html.markup("</code>")
                rest = after
            } else if character == "*", rest.hasPrefix("**"), let (bold, after) = between("**", "**", rest) {
                flush(&plain, &html)
                html.markup("<strong>")
                html.text(bold)
                html.markup("</strong>")
                rest = after
            } else if character == "[", let (label, after) = between("[", "]", rest), let (target, end) = between("(", ")", after)
            {
                flush(&plain, &html)
                html.link(served(target), text: label)
                rest = end
            } else {
                plain.append(character)
                rest = rest.dropFirst()
            }
        }
        flush(&plain, &html)
    }

    /// Where this server has what a link of the repository's files leads to: `X.md` beside a runbook, a dashboard's `x.json`.
    private static func served(_ target: String) -> String {
        guard !HTML.isLinkable(target), let file = target.split(separator: "/").last else { return target }
        if file.hasSuffix(".md"), file.count == target.count { return "/runbooks/" + file.dropLast(3) }
        if file.hasSuffix(".json"), target.contains("dashboards/") { return "/dashboards/" + file.dropLast(5) }
        return target
    }

    private static func flush(_ plain: inout String, _ html: inout HTML) {
        html.text(plain)
        plain = ""
    }

    /// What stands between two marks at the start of `text`, and what follows.
    private static func between(_ open: String, _ close: String, _ text: Substring) -> (String, Substring)? {
        guard text.hasPrefix(open) else { return nil }
        let inner = text.dropFirst(open.count)
        var place = inner.startIndex
        while place < inner.endIndex {
            let rest = inner[place...]
            if rest.hasPrefix(close) {
                guard place > inner.startIndex else { return nil }
                return (String(inner[..<place]), rest.dropFirst(close.count))
            }
            place = inner.index(after: place)
        }
        return nil
    }
}
