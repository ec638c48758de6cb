import StorageTestSupport
import Testing

@testable import Datasets

@Suite struct CIFAR10ReaderTests {
    @Test func planesBecomeChannels() throws {
        let folder = try TemporaryFolder()
        let a = try folder.write(SmallDatasets.record(3, start: 0) + SmallDatasets.record(9, start: 7), to: "a.bin")
        let b = try folder.write(gzip(SmallDatasets.record(1, start: 100)), to: "b.bin.gz")
        let (images, digests) = try CIFAR10Reader.split([a, b])
        #expect(images.labels == [3, 9, 1])
        #expect(digests.count == 2)
        let inputs = images.inputs([2, 0], scale: .none)
        #expect(inputs.shape == [2, 32, 32, 3])
        // Pixel (y, x) of plane c counts start + 1024 c + 32 y + x, modulo 256.
        for (row, start) in [(0, 100), (1, 0)] {
            for (y, x, c) in [(0, 0, 0), (0, 1, 2), (31, 31, 1), (5, 17, 0)] {
                let expected = Double((start + 1024 * c + 32 * y + x) % 256)
                #expect(inputs.elements[((row * 32 + y) * 32 + x) * 3 + c] == expected)
            }
        }
    }

    static let damages: [(bytes: [UInt8], reason: String)] = [
        ([UInt8](), "it holds no images"),
        (
            Array(SmallDatasets.record(1, start: 0).dropLast()),
            "its 3072 bytes are no whole number of 3073-byte records"
        ),
        (SmallDatasets.record(1, start: 0) + [1], "its 3074 bytes are no whole number of 3073-byte records"),
        (
            SmallDatasets.record(1, start: 0) + SmallDatasets.record(10, start: 0),
            "the label of record 1 is 10, not 0 to 9"
        ),
    ]

    @Test(arguments: damages) func otherContents(bytes: [UInt8], reason: String) throws {
        let folder = try TemporaryFolder()
        for (name, contents) in [("a.bin", bytes), ("a.bin.gz", gzip(bytes))] {
            let path = try folder.write(contents, to: name)
            let error = #expect(throws: DatasetError.self) { try CIFAR10Reader.split([path]) }
            #expect(error?.description == "\(path) is damaged: \(reason); replace it with a sound copy")
        }
    }

    /// The full set before extracts, wherever it is; an extract only where it holds the classes.
    @Test func editions() throws {
        let folder = try TemporaryFolder()
        let cifar = DatasetDescription.cifar10
        let locator = SmallDatasets.locator(folder, [cifar])
        for name in ["train2000", "test1000"] { try folder.write([], to: "root/cifar10_10class_\(name).bin.gz") }
        #expect(try locator.locate(cifar, classes: [0, 1]).edition == cifar.editions[2])
        for name in ["train", "test"] { try folder.write([], to: "root/cifar10_planes_cars_\(name).bin.gz") }
        #expect(try locator.locate(cifar, classes: [0, 1]).edition == cifar.editions[1])
        #expect(try locator.locate(cifar, classes: [0, 2]).edition == cifar.editions[2])
        for batch in ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"] {
            #expect(try locator.locate(cifar, classes: [0, 1]).edition == cifar.editions[1])
            try folder.write([], to: "system/cifar10/cifar-10-batches-bin/\(batch).bin")
        }
        #expect(try locator.locate(cifar, classes: [0, 1]).edition == cifar.editions[0])
    }
}
