/// The collectors of a Postgres target by name, and whether they are on without a word from the user.
struct PostgresCollectorSwitch: Sendable {
    let name: String
    let isOn: Bool
    let questions: [Question]

    init(_ name: String, isOn: Bool = true, _ questions: [Question]) {
        self.name = name
        self.isOn = isOn
        self.questions = questions
    }
}
