import CPUBackend
import Compute

/// A backend that tests of the layers above run on.
package struct TestBackend: Sendable, CustomStringConvertible {
    package let description: String
    private let factory: @Sendable () throws -> any Backend

    package init(_ description: String, _ factory: @escaping @Sendable () throws -> any Backend) {
        self.description = description
        self.factory = factory
    }

    /// A backend object of its own: calls of one object are made from one thread at a time.
    package func make() throws -> any Backend { try factory() }
}

/// The backends that every golden, edge and identity test runs on: one line each.
package enum TestBackends {
    package static let all: [TestBackend] = [
        TestBackend("cpu") { CPUBackend() }
    ]
}
