import Compute
import Storage
import StorageTestSupport
import Testing

@testable import Datasets

@Suite struct NPYDatasetTests {
    let folder: TemporaryFolder
    var arrays: ArrayPaths

    init() throws {
        folder = try TemporaryFolder()
        arrays = ArrayPaths(
            trainInputs: folder("x.npy"), trainTargets: folder("y.npy"), testInputs: folder("tx.npy"),
            testTargets: folder("ty.npy"))
        try NPY.write(Tensor<Float>(shape: [6, 2], elements: (0..<12).map(Float.init)), to: folder("x.npy"))
        try NPY.write(Tensor<Double>(shape: [3, 2], elements: (0..<6).map { Double($0) / 2 }), to: folder("tx.npy"))
    }

    func load(
        _ targets: some TargetArray, test: (some TargetArray)? = Tensor<Int32>?.none,
        _ change: (inout DatasetRequest) -> Void = { _ in }
    ) throws -> Dataset {
        try targets.save(folder("y.npy"))
        try test?.save(folder("ty.npy"))
        var request = DatasetRequest(name: .npy, arrays: arrays)
        if test == nil { request.arrays?.testTargets = nil }
        change(&request)
        return try Dataset.load(request, environment: [:])
    }

    func ints(_ values: Int32...) -> Tensor<Int32> { Tensor(shape: [values.count], elements: values) }
    func floats(_ shape: [Int], _ values: Double...) -> Tensor<Double> { Tensor(shape: shape, elements: values) }

    @Test func classIndices() throws {
        let dataset = try load(ints(0, 1, 2, 2, 1, 0), test: ints(2, 0, 1))
        #expect(dataset.trainInputs == Tensor(shape: [6, 2], elements: (0..<12).map(Double.init)))
        #expect(dataset.trainTargets.shape == [6, 3])
        #expect(dataset.trainLabels == [0, 1, 2, 2, 1, 0] && dataset.testLabels == [2, 0, 1])
        #expect(dataset.testTargets?.elements == [0, 0, 1, 1, 0, 0, 0, 1, 0])
        #expect(dataset.classNames == ["0", "1", "2"] && !dataset.isBinary && dataset.inputRange == nil)
        #expect(dataset.files.count == 4)
        let filtered = try load(ints(0, 1, 2, 2, 1, 0), test: ints(2, 0, 1)) {
            $0.classes = [2, 0]
            $0.train = 3
        }
        #expect(filtered.trainTargets == floats([3, 1], 1, -1, -1))
        #expect(filtered.trainInputs.elements == [0, 1, 4, 5, 6, 7])
        #expect(filtered.testLabels == [0, 1] && filtered.testInputs.elements == [0, 0.5, 1, 1.5])
    }

    @Test func twoIndicesAreBinary() throws {
        let dataset = try load(ints(0, 1, 1, 0, 1, 0), test: ints(1, 1, 0))
        #expect(dataset.isBinary && dataset.trainTargets == floats([6, 1], -1, 1, 1, -1, 1, -1))
        #expect(dataset.testTargets == floats([3, 1], 1, 1, -1))
    }

    @Test(arguments: [[6], [6, 1]]) func signsAreBinary(shape: [Int]) throws {
        let signs = floats(shape, -1, 1, 1, -1, 1, -1)
        for dataset in [try load(signs, test: ints(1, 1, 0)), try load(signs, test: floats([3], 1, 1, -1))] {
            #expect(dataset.isBinary && dataset.trainTargets == signs.reshaped([6, 1]))
            #expect(dataset.trainLabels == [0, 1, 1, 0, 1, 0] && dataset.testLabels == [1, 1, 0])
            #expect(dataset.classNames == ["-1", "1"])
        }
    }

    @Test func floatsAreUsedAsTheyAre() throws {
        let one = try load(floats([6], 0.5, 1, 2, 3, 4, 5)) {
            $0.train = 2
            $0.test = 1
        }
        #expect(one.trainTargets == floats([2, 1], 0.5, 1) && one.trainLabels == nil && !one.isBinary)
        #expect(one.testInputs.shape == [1, 2] && one.testLabels == nil && one.testTargets == nil)
        #expect(one.classNames == [])
        let two = try load(floats([6, 2], 1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 1, 0), test: ints(0, 1, 1))
        #expect(two.trainTargets.shape == [6, 2] && two.testLabels == [0, 1, 1] && !two.isBinary)
        #expect(two.classNames == ["0", "1"])
    }

    @Test func scalingOnlyWhereAskedFor() throws {
        #expect(try load(ints(0, 1, 1, 0, 1, 0)) { $0.scaling = .unit }.trainInputs.elements[11] == 11.0 / 255)
        let dataset = try load(ints(0, 1, 1, 0, 1, 0)) { $0.scaling = .standardize }
        #expect(abs(dataset.trainInputs.elements.reduce(0, +)) < 1e-13)
        #expect(dataset.testInputs.elements[0] == -5.5 / dataset.scale.deviation)
    }

    @Test func refusals() throws {
        func message(_ body: () throws -> Dataset) -> String {
            #expect(throws: DatasetError.self) { try body() }.map(\.description) ?? ""
        }
        let indices = ints(0, 1, 2, 2, 1, 0)
        #expect(message { try load(ints(0, 1, 2)) }.contains("shape [3] for 6 training inputs"))
        #expect(
            message { try load(ints(-1, 1, 1, 1, 1, 1)) }.contains("class index 0 is -1; count classes from 0, or save")
        )
        #expect(message { try load(ints(0, 0, 0, 0, 0, 0)) }.contains("run to 0; number at least two classes from 0"))
        #expect(message { try load(ints(0, 0, 0, 0, 0, 2_000_000)) }.contains("run to 2000000"))
        #expect(
            message { try load(indices, test: ints(0, 3, 0)) }.contains("test target 1 is 3; save class indices 0 to 2")
        )
        #expect(message { try load(indices, test: ints(0, 1)) }.contains("shape [2] for 3 test inputs"))
        #expect(
            message { try load(indices, test: floats([3], 1, 1, 1)) }.contains("test_targets are floats; save class"))
        #expect(message { try load(floats([6], 1, 1, .nan, 1, 1, 1)) }.contains("train_targets hold nan in row 2"))
        #expect(message { try load(floats([6], 1, 2, 3, 4, 5, 6)) { $0.classes = [0, 1] } }.contains("needs integer"))
        #expect(message { try load(indices) { $0.classes = [0, 1] } }.contains("need data.test_targets"))
        #expect(message { try load(indices) { $0.train = 7 } }.contains("data.train asks for 7 points"))
        #expect(message { try load(indices) { $0.test = 4 } }.contains("data.test asks for 4 points"))
        try NPY.write(Tensor<Float>(shape: [6, 2, 2], repeating: 0), to: folder("x.npy"))
        #expect(message { try load(indices) }.contains("shape [6, 2, 2]; save them as [n, d] or [n, H, W, C]"))
        try NPY.write(Tensor<Int32>(shape: [6, 2], repeating: 0), to: folder("x.npy"))
        #expect(message { try load(indices) }.contains("train_inputs are integers; save them as float32"))
        try NPY.write(Tensor<Float>(shape: [6, 3], repeating: 0), to: folder("x.npy"))
        #expect(message { try load(indices) }.contains("its inputs are [2], the training inputs [3]"))
    }
}

protocol TargetArray {
    func save(_ path: String) throws
}

extension Tensor: TargetArray where Element: NPYElement {
    func save(_ path: String) throws { try NPY.write(self, to: path) }
}
