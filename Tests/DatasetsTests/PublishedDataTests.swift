import Foundation
import Testing

@testable import Datasets

enum PublishedData {
    static let root = ProcessInfo.processInfo.environment["NTK_DATA"]
    static let hasRoot =
        root.map { FileManager.default.fileExists(atPath: $0 + "/train-images-idx3-ubyte.gz") } ?? false
    static let hasFashion = FileManager.default.fileExists(
        atPath: "/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz")
}

/// The published files themselves, where this machine has them.
@Suite(.serialized) struct PublishedDataTests {
    @Test(.enabled(if: PublishedData.hasRoot, "NTK_DATA names no folder with MNIST"))
    func mnist() throws {
        let dataset = try Dataset.load(DatasetRequest(name: .mnist, root: PublishedData.root, train: 10, test: 5))
        #expect(dataset.trainLabels == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4])
        #expect(dataset.testLabels == [7, 2, 1, 0, 4])
        #expect(dataset.trainInputs.shape == [10, 28, 28, 1])
        // First inked pixels of the first image: row 5, column 12 holds 3, then 18, 18, 18, 126.
        let row = (12..<17).map { dataset.trainInputs.elements[5 * 28 + $0] * 255 }
        #expect(row.map { $0.rounded() } == [3, 18, 18, 18, 126])
    }

    /// The published counts of zeros and ones.
    @Test(.enabled(if: PublishedData.hasRoot, "NTK_DATA names no folder with MNIST"))
    func allZerosAndOnes() throws {
        let dataset = try Dataset.load(DatasetRequest(name: .mnist, root: PublishedData.root, classes: [0, 1]))
        #expect(dataset.trainLabels?.filter { $0 == 0 }.count == 5923)
        #expect(dataset.trainLabels?.filter { $0 == 1 }.count == 6742)
        #expect(dataset.testLabels?.filter { $0 == 0 }.count == 980)
        #expect(dataset.testLabels?.filter { $0 == 1 }.count == 1135)
    }

    @Test(.enabled(if: PublishedData.hasRoot, "NTK_DATA names no folder with CIFAR-10"))
    func cifar10() throws {
        let two = try Dataset.load(
            DatasetRequest(
                name: .cifar10, root: PublishedData.root, classes: ["airplane", "automobile"], train: 20, test: 7))
        #expect(two.isBinary && two.trainInputs.shape == [20, 32, 32, 3])
        let ten = try Dataset.load(DatasetRequest(name: .cifar10, root: PublishedData.root, test: 5))
        // Of data_batch_1 and of the test batch.
        #expect(ten.trainLabels?.prefix(10) == [6, 9, 9, 4, 1, 1, 2, 7, 8, 3])
        #expect(ten.testLabels == [3, 8, 8, 0, 6])
        // Both editions begin with the same airplanes and automobiles.
        let filtered = zip(ten.trainLabels ?? [], 0...).filter { $0.0 < 2 }.prefix(20)
        #expect(filtered.map(\.0) == two.trainLabels)
        #expect(filtered.flatMap { ten.trainInputs[$0.1..<$0.1 + 1].elements } == two.trainInputs.elements)
        // The first image's first pixel: red 59, green 62, blue 63.
        #expect(ten.trainInputs.elements.prefix(3).map { ($0 * 255).rounded() } == [59, 62, 63])
        #expect(throws: DatasetError.self) {
            try Dataset.load(DatasetRequest(name: .cifar10, root: PublishedData.root, train: 2001))
        }
    }

    @Test(.enabled(if: PublishedData.hasFashion, "Debian's dataset-fashion-mnist is not installed"))
    func fashionMNIST() throws {
        let dataset = try Dataset.load(
            DatasetRequest(name: .fashionMNIST, root: PublishedData.root, classes: [0, 1], train: 2000, test: 500))
        #expect(dataset.classNames == ["t-shirt/top", "trouser"])
        #expect(dataset.trainInputs.shape == [2000, 28, 28, 1] && dataset.testInputs.count == 500)
        #expect(dataset.files.count == 4)
        let all = try Dataset.load(DatasetRequest(name: .fashionMNIST, train: 5, test: 5))
        #expect(all.trainLabels == [9, 0, 0, 3, 0])
        #expect(all.testLabels == [9, 2, 1, 1, 6])
    }
}
