/// Which build of the program made a run.
package struct BuildVersion: Sendable {
    package let version: String
    /// Empty where it is unknown.
    package let commit: String

    package init(version: String, commit: String) {
        self.version = version
        self.commit = commit
    }
}
