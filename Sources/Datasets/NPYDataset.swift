import Compute
import Storage

/// Data sets of the user's own, from `.npy` files.
///
/// | targets | become |
/// |---|---|
/// | integers [n] | class indices 0 ..< k with k = 1 + the largest training target; filtered and encoded as for images |
/// | floats [n] or [n, 1], all ±1 | a binary task, as they are; −1 is class 0, +1 is class 1 |
/// | other floats [n] or [n, k] | regression targets, as they are |
enum NPYDataset {
    static func load(_ request: DatasetRequest) throws(DatasetError) -> Dataset {
        guard let arrays = request.arrays else {
            throw DatasetError(.request, "data.name npy needs data.train_inputs and data.train_targets")
        }
        var files: [Dataset.FileRecord] = []
        let inputs = try NPYSplit.inputs(arrays.trainInputs, key: "train_inputs", files: &files)
        let shape = Array(inputs.shape.dropFirst())
        let targets = try NPYTargets(arrays.trainTargets, count: inputs.count, files: &files)
        let train = try targets.select(request)

        var testInputs = Tensor<Double>(shape: [0] + shape, elements: [])
        var testLabels: [Int]?
        if let path = arrays.testInputs {
            testInputs = try NPYSplit.inputs(path, key: "test_inputs", files: &files)
            guard Array(testInputs.shape.dropFirst()) == shape else {
                throw .damaged(path, "its inputs are \(testInputs.shape.dropFirst()), the training inputs \(shape)")
            }
            if let labelsPath = arrays.testTargets {
                let all = try NPYSplit.testLabels(
                    labelsPath, count: testInputs.count, outputs: targets.outputCount, isBinary: targets.isBinary,
                    files: &files)
                let points = try train.testPoints(all, request)
                testInputs = NPYSplit.rows(points.positions, of: testInputs)
                testLabels = points.labels
            } else {
                if request.classes?.isEmpty == false || request.isBalanced {
                    throw DatasetError(
                        .request, "data.classes and data.balanced need data.test_targets to choose test points by")
                }
                let wanted = request.test ?? testInputs.count
                guard wanted <= testInputs.count else {
                    throw DatasetError(
                        .request, "data.test asks for \(wanted) points, but \(path) holds \(testInputs.count)")
                }
                testInputs = testInputs[0..<wanted]
            }
        } else if arrays.testTargets != nil || (request.test ?? 0) > 0 {
            throw DatasetError(.request, "data.test and data.test_targets need data.test_inputs")
        }

        let trainInputs = NPYSplit.rows(train.positions, of: inputs)
        let scale = try InputScale(request.scaling ?? .none, moments: { NPYSplit.moments(trainInputs) }, request.name)
        let isBinary = train.labels != nil && train.classes.count == 2
        return Dataset(
            name: .npy,
            trainInputs: scale == .none ? trainInputs : trainInputs.map(scale.callAsFunction),
            trainTargets: train.targets,
            trainLabels: train.labels,
            testInputs: scale == .none ? testInputs : testInputs.map(scale.callAsFunction),
            testTargets: train.labels == nil
                ? nil : testLabels.map { request.targets.targets($0, classCount: train.classes.count) },
            testLabels: testLabels,
            classNames: train.labels == nil && targets.outputCount == 1 ? [] : train.classes.names,
            isBinary: isBinary,
            scale: scale,
            inputRange: nil,
            files: files)
    }
}

/// The parts of a split that its arrays hold.
enum NPYSplit {
    static func read(_ path: String, files: inout [Dataset.FileRecord]) throws(DatasetError) -> NPYArray {
        do throws(StorageError) {
            let array = try NPY.read(path)
            files.append(Dataset.FileRecord(path: path, sha256: try SHA256.hex(ofFile: path)))
            return array
        } catch {
            throw DatasetError(error)
        }
    }

    static func inputs(
        _ path: String, key: String, files: inout [Dataset.FileRecord]
    ) throws(DatasetError) -> Tensor<Double> {
        guard case .floating(let tensor, _) = try read(path, files: &files) else {
            throw unsuitable(path, "\(key) are integers", "save them as float32 or float64")
        }
        guard tensor.shape.count == 2 || tensor.shape.count == 4 else {
            throw unsuitable(path, "\(key) have shape \(tensor.shape)", "save them as [n, d] or [n, H, W, C]")
        }
        guard tensor.shape.allSatisfy({ $0 > 0 }) else {
            throw unsuitable(path, "\(key) of shape \(tensor.shape) are empty", "save at least one point")
        }
        try requireFinite(tensor, path, key)
        return tensor
    }

    static func requireFinite(_ tensor: Tensor<Double>, _ path: String, _ key: String) throws(DatasetError) {
        if let position = tensor.elements.firstIndex(where: { !$0.isFinite }) {
            let row = position / max(tensor.stride, 1)
            throw unsuitable(
                path, "\(key) hold \(tensor.elements[position]) in row \(row)", "leave such points out")
        }
    }

    /// Class of every test point.
    static func testLabels(
        _ path: String, count: Int, outputs: Int, isBinary: Bool, files: inout [Dataset.FileRecord]
    ) throws(DatasetError) -> [Int] {
        let classCount = outputs == 1 ? 2 : outputs
        let array = try read(path, files: &files)
        let labels: [Int]
        switch array {
        case .integer(let tensor): labels = tensor.elements
        case .floating(let tensor, _):
            guard outputs == 1, isBinary, tensor.elements.allSatisfy({ abs($0) == 1 }) else {
                let choice = outputs == 1 && isBinary ? "class indices or floats that are ±1" : "class indices"
                throw unsuitable(path, "test_targets are floats", "save \(choice), or leave test_targets out")
            }
            labels = tensor.elements.map { $0 < 0 ? 0 : 1 }
        }
        guard array.shape == [count] || (outputs == 1 && array.shape == [count, 1]) else {
            throw unsuitable(path, "test_targets have shape \(array.shape) for \(count) test inputs", "save [\(count)]")
        }
        if let position = labels.firstIndex(where: { $0 < 0 || $0 >= classCount }) {
            throw unsuitable(
                path, "test target \(position) is \(labels[position])", "save class indices 0 to \(classCount - 1)")
        }
        return labels
    }

    static func rows(_ positions: [Int], of tensor: Tensor<Double>) -> Tensor<Double> {
        if positions.elementsEqual(0..<tensor.count) { return tensor }
        if positions.elementsEqual(0..<positions.count) { return tensor[0..<positions.count] }
        var elements: [Double] = []
        elements.reserveCapacity(positions.count * tensor.stride)
        for row in positions {
            elements.append(contentsOf: tensor.elements[row * tensor.stride..<(row + 1) * tensor.stride])
        }
        return Tensor(shape: [positions.count] + tensor.shape.dropFirst(), elements: elements)
    }

    static func moments(_ tensor: Tensor<Double>) -> (mean: Double, deviation: Double) {
        let count = Double(max(tensor.elements.count, 1))
        let mean = tensor.elements.reduce(0, +) / count
        let squares = tensor.elements.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return (mean, (squares / count).squareRoot())
    }

    static func unsuitable(_ path: String, _ reason: String, _ advice: String) -> DatasetError {
        DatasetError(.damaged, "\(path) cannot be used: \(reason); \(advice)")
    }
}
