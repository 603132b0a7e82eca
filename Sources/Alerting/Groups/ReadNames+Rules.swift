public import MetricsModel

extension ReadNames {
    /// What the rules of these files read, in their expressions and with `query` in their templates. A template that puts an expression
    /// together may read anything.
    public init(rules files: [RuleFile], language: any RuleLanguage) {
        var selectors: [[LabelMatcher]] = []
        for rule in files.flatMap(\.groups).flatMap(\.rules) {
            selectors += rule.expression.reads.selectors
            for template in rule.templates {
                let queries = TemplateQueries(template)
                if queries.areOthersPossible { selectors.append([]) }
                for text in queries.texts {
                    do throws(RuleSyntaxError) {
                        selectors += try language.parse(text).reads.selectors
                    } catch {
                        // It reads nothing: its expansion says what is wrong with it.
                    }
                }
            }
        }
        self.init(selectors: selectors)
    }
}

extension RuleDefinition {
    fileprivate var templates: [Template] {
        switch kind {
        case .record: []
        case .alert(_, _, let annotations): (labels + annotations).compactMap(\.template)
        }
    }
}
