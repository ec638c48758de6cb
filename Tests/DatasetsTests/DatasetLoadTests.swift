import Compute
import StorageTestSupport
import Testing

@testable import Datasets

@Suite struct DatasetLoadTests {
    let folder: TemporaryFolder
    let locator: DatasetLocator

    init() throws {
        folder = try TemporaryFolder()
        let files = SmallDatasets.idxFiles()
        for file in files { try folder.write(gzip(file.bytes), to: "root/\(file.name).gz") }
        locator = SmallDatasets.locator(folder, [try SmallDatasets.description(.mnist, files)])
    }

    func load(_ request: DatasetRequest) throws -> Dataset { try Dataset.load(request, from: locator) }

    @Test func allClasses() throws {
        let dataset = try load(DatasetRequest(name: .mnist))
        #expect(dataset.trainInputs.shape == [12, 2, 3, 1])
        #expect(dataset.trainInputs.elements == (0..<72).map { Double($0) / 255 })
        #expect(dataset.trainLabels == (0..<12).map { $0 % 3 })
        #expect(dataset.trainTargets.shape == [12, 3])
        #expect(Array(dataset.trainTargets.elements.prefix(6)) == [1, 0, 0, 0, 1, 0])
        #expect(dataset.testInputs.shape == [6, 2, 3, 1])
        #expect(dataset.testTargets?.shape == [6, 3])
        #expect(!dataset.isBinary && dataset.outputCount == 3 && dataset.inputShape == [2, 3, 1])
        #expect(dataset.inputRange == 0...1)
        #expect(dataset.files.map(\.sha256) == locator.registry[.mnist]?.editions[0].files.map(\.sha256))
        #expect(dataset.summary == "mnist: 12 training and 6 test points [2, 3, 1], classes cat, dog, ship")
    }

    @Test func centredTargets() throws {
        let dataset = try load(DatasetRequest(name: .mnist, targets: .centred))
        let third = 1.0 / 3
        #expect(dataset.trainTargets[0..<1].elements == [1 - third, -third, -third])
    }

    @Test func twoClassesInTheirOrder() throws {
        let dataset = try load(
            DatasetRequest(name: .mnist, classes: ["ship", 0], train: 3, test: 2, targets: .centred))
        #expect(dataset.isBinary)
        #expect(dataset.classNames == ["ship", "cat"])
        // File order: cat at 0, ship at 2, cat at 3.
        #expect(dataset.trainLabels == [1, 0, 1])
        #expect(dataset.trainTargets == Tensor(shape: [3, 1], elements: [1, -1, 1]))
        #expect(dataset.trainInputs[1..<2].elements == (12..<18).map { Double($0) / 255 })
        #expect(dataset.testLabels == [1, 0])
    }

    @Test func balanced() throws {
        let dataset = try load(DatasetRequest(name: .mnist, train: 6, test: 3, isBalanced: true))
        #expect(dataset.trainLabels == [0, 1, 2, 0, 1, 2])
        let error = #expect(throws: DatasetError.self) {
            try load(DatasetRequest(name: .mnist, train: 5, isBalanced: true))
        }
        #expect(
            error?.description
                == "data.train is 5, which 3 classes cannot share equally; give a multiple of 3 or leave data.balanced out"
        )
    }

    @Test func scaling() throws {
        let raw = try load(DatasetRequest(name: .mnist, scaling: InputScaling.none))
        #expect(raw.trainInputs.elements == (0..<72).map(Double.init))
        #expect(raw.inputRange == 0...255)
        let dataset = try load(DatasetRequest(name: .mnist, train: 2, scaling: .standardize))
        #expect(dataset.scale.mean == 5.5)
        // Variance of 0 … 11 is (12² − 1) / 12.
        #expect(abs(dataset.scale.deviation - (143.0 / 12).squareRoot()) < 1e-14)
        #expect(abs(dataset.trainInputs.elements.reduce(0, +)) < 1e-13)
        #expect(dataset.testInputs.elements[0] == -5.5 / dataset.scale.deviation)
        #expect(throws: DatasetError.self) {
            try Dataset.load(DatasetRequest(name: .npy), from: locator)
        }
    }

    @Test func noTestPoints() throws {
        #expect(try load(DatasetRequest(name: .mnist, test: 0)).testInputs.shape == [0, 2, 3, 1])
    }

    static let requests: [(request: DatasetRequest, message: String)] = [
        (
            DatasetRequest(name: .mnist, train: 13),
            "data.train asks for 13 points, but the files of mnist that were found hold 12 of classes cat, dog, ship; "
                + "ask for fewer or provide the full set"
        ),
        (DatasetRequest(name: .mnist, train: 0), "data.train is 0; ask for at least one training point"),
        (DatasetRequest(name: .mnist, test: -1), "data.test is -1; ask for none or more test points"),
        (
            DatasetRequest(name: .mnist, classes: ["dgo", "cat"]),
            "data.classes names 'dgo', which is no class of mnist; did you mean 'dog'?"
        ),
        (
            DatasetRequest(name: .mnist, classes: ["aeroplane", "cat"]),
            "data.classes names 'aeroplane', which is no class of mnist; its classes are cat, dog, ship"
        ),
        (DatasetRequest(name: .mnist, classes: [0, 3]), "data.classes names class 3, but mnist has classes 0 to 2"),
        (DatasetRequest(name: .mnist, classes: [1, "Dog"]), "data.classes names class dog twice; leave one out"),
        (DatasetRequest(name: .mnist, classes: [1]), "data.classes leaves 1 class of mnist; name at least two"),
        (
            DatasetRequest(name: .mnist, arrays: ArrayPaths(trainInputs: "a", trainTargets: "b")),
            "data.train_inputs and its likes are for data.name npy, not mnist"
        ),
        (DatasetRequest(name: .npy), "data.name npy needs data.train_inputs and data.train_targets"),
    ]

    @Test(arguments: requests) func mistakes(request: DatasetRequest, message: String) throws {
        let error = #expect(throws: DatasetError.self) { try load(request) }
        #expect(error?.description == message)
        #expect(error?.isDataAtFault == false)
    }

    @Test func aChangedFileIsRefused() throws {
        var bytes = SmallDatasets.idxFiles()[0].bytes
        bytes[20] ^= 1
        let path = try folder.write(gzip(bytes), to: "root/train-images-idx3-ubyte.gz")
        let error = #expect(throws: DatasetError.self) { try load(DatasetRequest(name: .mnist)) }
        #expect(error?.kind == .damaged && error?.isDataAtFault == true)
        #expect(error?.description.hasPrefix("\(path) is damaged: its contents have SHA256") == true)
    }
}
