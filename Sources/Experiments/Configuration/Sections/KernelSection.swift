import Compute

/// `kernel`: which covariance predicts.
package struct KernelSection: Section {
    /// nil where only the nets of `networks` are looked at.
    package var predicting: CovarianceKind? = .ntk
    package var testTest = false

    package init() {}

    static let keys: [Key<Self>] = [
        Key(
            "type", \.predicting, Kind.choice().orWord("none"),
            "nngp | ntk: which one predicts; none: only the nets of networks are looked at"),
        Key("test_test", \.testTest, .boolean, "also compute the block of test against test points"),
    ]

    /// The covariance that predicts where one does.
    package var type: CovarianceKind { predicting ?? .ntk }
}

extension CovarianceKind: Choice {}
