import Compute

/// Training and test points, ready for a kernel or a network.
public struct Dataset: Sendable {
    public let name: DatasetName
    /// [n, H, W, C], or [n, d] for arrays without axes of an image; scaled as ``scale`` says.
    public let trainInputs: Tensor<Double>
    /// [n, k]. Binary: [n, 1], −1 for the first class and +1 for the second. Else one-hot, one-hot − 1/k, or as stored.
    public let trainTargets: Tensor<Double>
    /// Class of each training point, 0 ..< k in the order of ``classNames``; nil where the targets are no classes.
    public let trainLabels: [Int]?
    /// [m, …], the rest of the shape as for ``trainInputs``.
    public let testInputs: Tensor<Double>
    /// [m, k], encoded as ``trainTargets``; nil where ``testLabels`` is.
    public let testTargets: Tensor<Double>?
    /// Class of each test point, 0 ..< k in the order of ``classNames``; nil where unknown.
    public let testLabels: [Int]?
    /// In the order in which they were asked for.
    public let classNames: [String]
    /// Whether there are two classes and one output, whose sign tells them apart.
    public let isBinary: Bool
    /// How stored numbers became inputs.
    public let scale: InputScale
    /// Inputs that black and white pixels become; nil where the inputs are no images.
    public let inputRange: ClosedRange<Double>?
    /// Every file that was read.
    public let files: [FileRecord]
    /// One line for reports, e.g. `mnist: 2000 training and 500 test points [28, 28, 1], classes 0, 1`.
    public let summary: String

    /// Shape of one input.
    public var inputShape: [Int] { Array(trainInputs.shape.dropFirst()) }
    /// k: outputs of a predictor.
    public var outputCount: Int { trainTargets.shape[1] }

    /// A file and the SHA256 of its contents, unpacked where it is gzip.
    public struct FileRecord: Sendable, Hashable, Codable {
        public let path: String
        public let sha256: String
    }
}

/// x = (v − mean) / deviation, for a stored number v and an input x.
///
/// A pixel counts 0 … 255, so a perturbation of 8/255 of the pixel range is 8 / deviation in the input.
public struct InputScale: Sendable, Equatable, Codable {
    public let mean: Double
    public let deviation: Double

    static let none = InputScale(mean: 0, deviation: 1)
    static let unit = InputScale(mean: 0, deviation: 255)

    func callAsFunction(_ stored: Double) -> Double { (stored - mean) / deviation }
}
