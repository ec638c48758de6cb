import Compute

/// `kernel`: which covariance predicts.
package struct KernelSection: Section {
    package var type = CovarianceKind.ntk
    package var testTest = false

    package init() {}

    static let keys: [Key<Self>] = [
        Key("type", \.type, .choice(), "nngp | ntk: which one predicts"),
        Key("test_test", \.testTest, .boolean, "also compute the block of test against test points"),
    ]
}

extension CovarianceKind: Choice {}
