import Compute
import Foundation

extension Dataset {
    /// Finds, reads and checks the files, and takes from them what was asked for.
    ///
    /// - Parameter environment: `NTK_DATA`, `XDG_DATA_HOME` and `HOME` are read from it.
    /// - Throws: ``DatasetError``; its ``DatasetError/isDataAtFault`` tells missing or damaged data from a request
    ///   that sound data cannot meet.
    /// - Complexity: every file of the edition is read as a whole; inputs take 8 bytes a number.
    public static func load(
        _ request: DatasetRequest, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(DatasetError) -> Dataset {
        try load(request, from: DatasetLocator(root: request.root, environment: environment))
    }

    package static func load(
        _ request: DatasetRequest, from locator: DatasetLocator
    ) throws(DatasetError) -> Dataset {
        if let train = request.train, train < 1 {
            throw DatasetError(.request, "data.train is \(train); ask for at least one training point")
        }
        if let test = request.test, test < 0 {
            throw DatasetError(.request, "data.test is \(test); ask for none or more test points")
        }
        guard let description = locator.registry[request.name] else { return try NPYDataset.load(request) }
        guard request.arrays == nil else {
            throw DatasetError(
                .request, "data.train_inputs and its likes are for data.name npy, not \(request.name.rawValue)")
        }
        return try loadImages(request, description, from: locator)
    }

    private static func loadImages(
        _ request: DatasetRequest, _ description: DatasetDescription, from locator: DatasetLocator
    ) throws(DatasetError) -> Dataset {
        let classes = try ClassSelection(request.classes, of: description.classNames, in: request.name)
        let found = try locator.locate(description, classes: Set(classes.indices))
        let train = try read(found.edition.train, found.trainPaths, description)
        let trainPoints = try classes.points(
            labels: train.images.labels, count: request.train, isBalanced: request.isBalanced, split: "train",
            in: request.name)
        let scaling = request.scaling ?? .unit
        let scale = try InputScale(scaling, moments: { train.images.moments(of: trainPoints.positions) }, request.name)
        let trainInputs = train.images.inputs(trainPoints.positions, scale: scale)

        let test = try read(found.edition.test, found.testPaths, description)
        let testPoints = try classes.points(
            labels: test.images.labels, count: request.test, isBalanced: request.isBalanced, split: "test",
            in: request.name)
        return Dataset(
            name: request.name,
            trainInputs: trainInputs,
            trainTargets: request.targets.targets(trainPoints.labels, classCount: classes.count),
            trainLabels: trainPoints.labels,
            testInputs: test.images.inputs(testPoints.positions, scale: scale),
            testTargets: request.targets.targets(testPoints.labels, classCount: classes.count),
            testLabels: testPoints.labels,
            classNames: classes.names,
            isBinary: classes.count == 2,
            scale: scale,
            inputRange: scale(0)...scale(255),
            files: train.files + test.files)
    }

    /// Reads the files of one split and compares them with what was published.
    private static func read(
        _ files: [DatasetFile], _ paths: [String], _ description: DatasetDescription
    ) throws(DatasetError) -> (images: LabelledImages, files: [FileRecord]) {
        let (images, digests) =
            switch description.format {
            case .idx:
                try IDXReader.split(
                    images: paths[0], labels: paths[1], shape: description.imageShape,
                    classCount: description.classNames.count)
            case .cifar10: try CIFAR10Reader.split(paths)
            }
        for (index, file) in files.enumerated() where digests[index] != file.sha256 {
            throw .damaged(
                paths[index],
                "its contents have SHA256 \(digests[index]), the published \(file.name) has \(file.sha256)")
        }
        return (images, zip(paths, digests).map { FileRecord(path: $0, sha256: $1) })
    }

    init(
        name: DatasetName, trainInputs: Tensor<Double>, trainTargets: Tensor<Double>, trainLabels: [Int]?,
        testInputs: Tensor<Double>, testTargets: Tensor<Double>?, testLabels: [Int]?, classNames: [String],
        isBinary: Bool, scale: InputScale, inputRange: ClosedRange<Double>?, files: [FileRecord]
    ) {
        self.name = name
        self.trainInputs = trainInputs
        self.trainTargets = trainTargets
        self.trainLabels = trainLabels
        self.testInputs = testInputs
        self.testTargets = testTargets
        self.testLabels = testLabels
        self.classNames = classNames
        self.isBinary = isBinary
        self.scale = scale
        self.inputRange = inputRange
        self.files = files
        let classes =
            switch classNames.count {
            case 0: ""
            case 1...3: ", classes " + classNames.joined(separator: ", ")
            default: ", \(classNames.count) classes"
            }
        summary =
            "\(name.rawValue): \(trainInputs.count) training and \(testInputs.count) test points "
            + "\(Array(trainInputs.shape.dropFirst()))\(classes)"
    }
}

extension InputScale {
    init(
        _ scaling: InputScaling, moments: () -> (mean: Double, deviation: Double), _ dataset: DatasetName
    ) throws(DatasetError) {
        switch scaling {
        case .unit: self = .unit
        case .none: self = .none
        case .standardize:
            let (mean, deviation) = moments()
            guard deviation > 0 else {
                throw DatasetError(
                    .request,
                    "data.scale standardize divides by zero: all training inputs of \(dataset.rawValue) are \(mean); "
                        + "use unit or none")
            }
            self.init(mean: mean, deviation: deviation)
        }
    }
}
