import Compute

/// How a caller follows, stops and continues an attack.
package struct AttackControl: Sendable {
    /// Asked before each step. The default knows of cancellation only on a task's own thread.
    package let isCancelled: @Sendable () -> Bool
    /// Told after each step for how many points it was done.
    package let onStep: @Sendable (_ points: Int) -> Void
    /// Where the parts of a long attack are kept; nil for nowhere.
    package let memory: (any AttackMemory)?

    package init(
        isCancelled: @escaping @Sendable () -> Bool = { Task.isCancelled },
        onStep: @escaping @Sendable (Int) -> Void = { _ in }, memory: (any AttackMemory)? = nil
    ) {
        self.isCancelled = isCancelled
        self.onStep = onStep
        self.memory = memory
    }
}

/// Keeps what the parts of a long attack have found, so that an interrupted one goes on where it stopped.
package protocol AttackMemory: Sendable {
    /// What was kept under a name by an earlier run of the same attack on the same points.
    func load(_ name: String) -> Tensor<Double>?
    /// Keeps it; a failure costs nothing but time.
    func save(_ tensor: Tensor<Double>, _ name: String)
}
