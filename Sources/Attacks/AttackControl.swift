/// How a caller follows and stops an attack.
package struct AttackControl: Sendable {
    /// Asked before each gradient step. The default knows of cancellation only on a task's own thread.
    package let isCancelled: @Sendable () -> Bool
    /// Told after each gradient step for how many points it was done.
    package let onStep: @Sendable (_ points: Int) -> Void

    package init(
        isCancelled: @escaping @Sendable () -> Bool = { Task.isCancelled },
        onStep: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        self.isCancelled = isCancelled
        self.onStep = onStep
    }
}
