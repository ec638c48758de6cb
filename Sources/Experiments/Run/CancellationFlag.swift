import Synchronization

/// Carries a task's cancellation to the threads of the devices, which belong to no task.
final class CancellationFlag: Sendable {
    private let value = Atomic(false)

    var isSet: Bool { value.load(ordering: .relaxed) }

    private func set() { value.store(true, ordering: .relaxed) }

    /// Runs work that knows nothing of tasks; its flag is set when this task is cancelled.
    static func during<T: Sendable>(_ work: (CancellationFlag) async throws -> T) async throws -> T {
        let flag = CancellationFlag()
        return try await withTaskCancellationHandler {
            try await work(flag)
        } onCancel: {
            flag.set()
        }
    }
}
