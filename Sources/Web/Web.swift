import Hummingbird
import HummingbirdTLS

public func placeholder() -> String { "\(Router(context: BasicRequestContext.self))" }
