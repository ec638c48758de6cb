/// The data sets that are known by name.
public enum DatasetName: String, Sendable, Codable, CaseIterable {
    case fashionMNIST = "fashion-mnist"
    case mnist
    case cifar10
    /// Arrays of the user's own.
    case npy
}

/// A class, by its index in the published order or by its name.
public enum ClassSelector: Sendable, Hashable, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
    case index(Int)
    case name(String)

    public init(integerLiteral value: Int) { self = .index(value) }
    public init(stringLiteral value: String) { self = .name(value) }
}

/// How a stored number v becomes an input x.
public enum InputScaling: String, Sendable, Codable, CaseIterable {
    /// x = v / 255.
    case unit
    /// x = (v − μ) / σ with one mean μ and one (population) standard deviation σ over all numbers of the training
    /// inputs that are used; test inputs are scaled with the same two.
    case standardize
    /// x = v.
    case none
}

/// How class indices of more than two classes become regression targets.
public enum TargetEncoding: String, Sendable, Codable, CaseIterable {
    /// 1 for the class, 0 for the others.
    case oneHot = "one_hot"
    /// One-hot minus 1/k.
    case centred
}

/// The `.npy` files of a data set of the user's own.
public struct ArrayPaths: Sendable, Equatable {
    /// float32 or float64, [n, H, W, C] or [n, d].
    public var trainInputs: String
    /// Integers [n] (class indices), or floats [n] or [n, k] used as they are.
    public var trainTargets: String
    /// As `trainInputs`, [m, …]; nil for no test points.
    public var testInputs: String?
    /// Class indices [m], or ±1 floats where k = 1; nil where nothing needs labels.
    public var testTargets: String?

    public init(trainInputs: String, trainTargets: String, testInputs: String? = nil, testTargets: String? = nil) {
        self.trainInputs = trainInputs
        self.trainTargets = trainTargets
        self.testInputs = testInputs
        self.testTargets = testTargets
    }
}

/// Which points of which data set, and how they are scaled and encoded.
public struct DatasetRequest: Sendable, Equatable {
    public var name: DatasetName
    /// Folder searched first; nil for the one that the environment variable `NTK_DATA` names.
    public var root: String?
    /// The classes in their order; two make a binary task (first −1, second +1). Nil or empty: all, as published.
    public var classes: [ClassSelector]?
    /// The first so many training points in file order after the class filter; nil for all.
    public var train: Int?
    /// The same for test points.
    public var test: Int?
    /// Whether each of k classes gives n/k points.
    public var isBalanced: Bool
    /// Nil: `unit` for images, `none` for arrays.
    public var scaling: InputScaling?
    public var targets: TargetEncoding
    /// For ``DatasetName/npy`` and for it alone.
    public var arrays: ArrayPaths?

    public init(
        name: DatasetName, root: String? = nil, classes: [ClassSelector]? = nil, train: Int? = nil, test: Int? = nil,
        isBalanced: Bool = false, scaling: InputScaling? = nil, targets: TargetEncoding = .oneHot,
        arrays: ArrayPaths? = nil
    ) {
        self.name = name
        self.root = root
        self.classes = classes
        self.train = train
        self.test = test
        self.isBalanced = isBalanced
        self.scaling = scaling
        self.targets = targets
        self.arrays = arrays
    }
}
