/// A question whose answer, one boolean, decides whether another is asked. No row and NULL say no.
struct Predicate: Sendable, Hashable {
    /// For people.
    let name: String
    let sql: String
    /// For how long its answer is used again.
    let interval: Duration
}
