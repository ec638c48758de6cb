import Compute
import Storage

/// The training targets of a data set of arrays.
struct NPYTargets {
    private enum Values {
        case classes([Int], count: Int)
        /// [n, k].
        case floats(Tensor<Double>)
    }

    private let values: Values
    private let count: Int
    /// Outputs of a predictor before any class filter: 1 for a binary task.
    let outputCount: Int
    /// Whether the floats are ±1 with k = 1, or the indices have two classes.
    let isBinary: Bool

    /// - Parameter count: of the training inputs.
    init(_ path: String, count: Int, files: inout [Dataset.FileRecord]) throws(DatasetError) {
        self.count = count
        let array = try NPYSplit.read(path, files: &files)
        guard array.shape.first == count, array.shape.count <= 2 else {
            throw NPYSplit.unsuitable(
                path, "train_targets have shape \(array.shape) for \(count) training inputs", "save one row a point")
        }
        switch array {
        case .integer(let tensor):
            guard tensor.shape.count == 1 else {
                throw NPYSplit.unsuitable(
                    path, "train_targets are integers of shape \(tensor.shape)",
                    "save class indices [\(count)], or floats to have them used as they are")
            }
            if let position = tensor.elements.firstIndex(where: { $0 < 0 }) {
                throw NPYSplit.unsuitable(
                    path, "class index \(position) is \(tensor.elements[position])",
                    "count classes from 0, or save ±1 as floats")
            }
            let largest = tensor.elements.max() ?? 0
            // Far more classes than points are no classes, and their one-hot targets would not fit in memory.
            guard (1..<max(count, 1000)).contains(largest) else {
                throw NPYSplit.unsuitable(
                    path, "the class indices of \(count) points run to \(largest)", "number at least two classes from 0"
                )
            }
            values = .classes(tensor.elements, count: largest + 1)
            isBinary = largest == 1
            outputCount = largest == 1 ? 1 : largest + 1
        case .floating(let tensor, _):
            try NPYSplit.requireFinite(tensor, path, "train_targets")
            guard tensor.stride > 0 else {
                throw NPYSplit.unsuitable(
                    path, "train_targets of shape \(tensor.shape) are empty", "save one column or more")
            }
            values = .floats(tensor.reshaped([count, tensor.stride]))
            outputCount = tensor.stride
            isBinary = tensor.stride == 1 && tensor.elements.allSatisfy { abs($0) == 1 }
        }
    }

    /// What a request takes of the training points.
    struct Selection {
        let positions: [Int]
        let targets: Tensor<Double>
        /// Nil where the targets are floats other than ±1.
        let labels: [Int]?
        /// What test labels are counted in, even where the training targets are floats.
        let classes: ClassSelection

        /// The test points that a request takes, with their classes.
        func testPoints(
            _ labels: [Int], _ request: DatasetRequest
        ) throws(DatasetError) -> (positions: [Int], labels: [Int]) {
            try classes.points(
                labels: labels, count: request.test, isBalanced: request.isBalanced, split: "test", in: .npy)
        }
    }

    func select(_ request: DatasetRequest) throws(DatasetError) -> Selection {
        switch values {
        case .classes(let indices, let classCount):
            let classes = try ClassSelection(request.classes, of: (0..<classCount).map(String.init), in: .npy)
            let points = try classes.points(
                labels: indices, count: request.train, isBalanced: request.isBalanced, split: "train", in: .npy)
            return Selection(
                positions: points.positions,
                targets: request.targets.targets(points.labels, classCount: classes.count),
                labels: points.labels, classes: classes)
        case .floats(let tensor):
            guard request.classes?.isEmpty != false else {
                throw DatasetError(
                    .request, "data.classes needs integer train_targets, but they are floats; leave it out")
            }
            guard isBinary else {
                guard !request.isBalanced else {
                    throw DatasetError(
                        .request, "data.balanced needs classes, but train_targets are floats; leave it out")
                }
                let wanted = request.train ?? count
                guard wanted <= count else {
                    throw DatasetError(
                        .request, "data.train asks for \(wanted) points, but train_inputs holds \(count)")
                }
                return Selection(
                    positions: Array(0..<wanted), targets: tensor[0..<wanted], labels: nil,
                    classes: try ClassSelection(nil, of: (0..<max(2, outputCount)).map(String.init), in: .npy))
            }
            let signs = try ClassSelection(nil, of: ["-1", "1"], in: .npy)
            let points = try signs.points(
                labels: tensor.elements.map { $0 < 0 ? 0 : 1 }, count: request.train, isBalanced: request.isBalanced,
                split: "train", in: .npy)
            return Selection(
                positions: points.positions, targets: TargetEncoding.oneHot.targets(points.labels, classCount: 2),
                labels: points.labels, classes: signs)
        }
    }
}
