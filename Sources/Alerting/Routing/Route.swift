public import MetricsModel

/// The routes or inhibitions can't be used as they are given.
public struct RoutingError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

/// A node of the tree that leads alerts to receivers, as the configuration has it. What is nil holds as in the route above it.
public struct Route: Sendable {
    /// Which alerts are told of together.
    public enum Grouping: Sendable, Hashable {
        /// Those that agree in these labels.
        case labels(Set<String>)
        /// Every alert on its own.
        case all

        /// `...` stands for all labels, and alone.
        public init(_ names: [String]) throws(RoutingError) {
            guard names.contains("...") else {
                guard Set(names).count == names.count else { throw RoutingError("duplicated label in group_by") }
                self = .labels(Set(names))
                return
            }
            guard names.count == 1 else {
                throw RoutingError("cannot have wildcard group_by (`...`) and other labels at the same time")
            }
            self = .all
        }
    }

    public var receiver: String?
    public var grouping: Grouping?
    /// How long a new group waits for more alerts, in milliseconds; 30 s at the root.
    public var groupWait: Int64?
    /// How long changes of a group are gathered, in milliseconds; 5 min at the root.
    public var groupInterval: Int64?
    /// When a page without news is sent again, in milliseconds; 4 h at the root.
    public var repeatInterval: Int64?
    public var matchers: Matchers
    /// Whether an alert that this route takes is offered to its later siblings too.
    public var continues: Bool
    public var routes: [Route]

    public init(
        receiver: String? = nil, grouping: Grouping? = nil, groupWait: Int64? = nil, groupInterval: Int64? = nil,
        repeatInterval: Int64? = nil, matchers: Matchers = .none, continues: Bool = false, routes: [Route] = []
    ) {
        self.receiver = receiver
        self.grouping = grouping
        self.groupWait = groupWait
        self.groupInterval = groupInterval
        self.repeatInterval = repeatInterval
        self.matchers = matchers
        self.continues = continues
        self.routes = routes
    }
}

/// The whole tree with everything inherited, and what mutes what.
public struct Routing: Sendable {
    /// A route with its settings.
    struct Node: Sendable {
        let receiver: String
        let grouping: Route.Grouping
        let groupWait: Int64
        let groupInterval: Int64
        let repeatInterval: Int64
        let matchers: Matchers
        let continues: Bool
        /// The matchers from the root to here: `{}/{severity="page"}`.
        let key: String
        var children: [Node] = []
    }

    let root: Node
    public let inhibitions: [InhibitionRule]

    /// - Throws: as `amtool check-config` would find it.
    public init(_ root: Route, inhibitions: [InhibitionRule] = []) throws(RoutingError) {
        guard let receiver = root.receiver, !receiver.isEmpty else {
            throw RoutingError("root route must specify a default receiver")
        }
        guard root.matchers.isEmpty else { throw RoutingError("root route must not have any matchers") }
        guard !root.continues else { throw RoutingError("cannot have continue in root route") }
        let defaults = Node(
            receiver: receiver, grouping: .labels([]), groupWait: 30_000, groupInterval: 300_000, repeatInterval: 14_400_000,
            matchers: .none, continues: false, key: "")
        self.root = try Self.node(root, under: defaults)
        self.inhibitions = inhibitions
    }

    /// The receivers that the tree names, in its order.
    public var receivers: [String] {
        func names(_ node: Node) -> [String] { [node.receiver] + node.children.flatMap(names) }
        var seen: Set<String> = []
        return names(root).filter { seen.insert($0).inserted }
    }

    /// The receivers that hear of an alert with these labels, in the order of the tree.
    public func receivers(for labels: Labels) -> [String] {
        var seen: Set<String> = []
        return nodes(for: labels).map(\.receiver).filter { seen.insert($0).inserted }
    }

    /// The routes that take an alert: depth first, the deepest that match; the root takes what none below it does.
    func nodes(for labels: Labels) -> [Node] { Self.matching(root, labels) }

    private static func matching(_ node: Node, _ labels: Labels) -> [Node] {
        guard node.matchers.matches(labels) else { return [] }
        var found: [Node] = []
        for child in node.children {
            let below = matching(child, labels)
            found += below
            if !below.isEmpty, !child.continues { break }
        }
        return found.isEmpty ? [node] : found
    }

    private static func node(_ route: Route, under parent: Node) throws(RoutingError) -> Node {
        var node = Node(
            receiver: route.receiver ?? parent.receiver, grouping: route.grouping ?? parent.grouping,
            groupWait: route.groupWait ?? parent.groupWait, groupInterval: route.groupInterval ?? parent.groupInterval,
            repeatInterval: route.repeatInterval ?? parent.repeatInterval, matchers: route.matchers,
            continues: route.continues, key: (parent.key.isEmpty ? "" : parent.key + "/") + route.matchers.description)
        guard node.groupWait >= 0 else { throw RoutingError("group_wait cannot be negative") }
        guard node.groupInterval > 0 else { throw RoutingError("group_interval cannot be zero") }
        guard node.repeatInterval > 0 else { throw RoutingError("repeat_interval cannot be zero") }
        for child in route.routes { node.children.append(try Self.node(child, under: node)) }
        return node
    }
}

extension Routing.Node {
    /// The labels that an alert shares with the others of its group.
    func groupLabels(of labels: Labels) -> Labels {
        switch grouping {
        case .all: labels
        case .labels(let names): labels.keeping(names)
        }
    }

    /// `{}/{severity="page"}:{alertname="DatabaseDown"}`.
    func groupKey(_ groupLabels: Labels) -> String {
        let pairs = groupLabels.pairs.map { "\($0.name)=\(goQuoted($0.value))" }
        return "\(key):{\(pairs.joined(separator: ", "))}"
    }
}
