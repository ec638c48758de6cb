/// What a run tells while it goes on.
package enum RunEvent: Sendable {
    /// A stage begins, e.g. `kernel`.
    case stage(String)
    /// How far the stage is, as one line.
    case progress(String)
    /// Something that the user should know: a doubtful result, a numerical repair.
    case warning(String)
    /// Something that is good to know, e.g. which devices are used.
    case note(String)
}

/// Called from one thread at a time; keep it short.
package typealias RunObserver = @Sendable (RunEvent) -> Void
