import Foundation
import StorageTestSupport
import Testing

@testable import Datasets

@Suite struct DatasetLocatorTests {
    @Test func orderOfFolders() throws {
        let locator = DatasetLocator(root: "/r", environment: ["HOME": "/h", "NTK_DATA": "/n"])
        #expect(locator.folders == ["/r", "./data", "/h/.local/share/ntk", "/usr/share/datasets"])
        #expect(DatasetLocator(environment: ["HOME": "/h", "NTK_DATA": "/n"]).folders.first == "/n")
        #expect(DatasetLocator(root: "", environment: ["NTK_DATA": ""]).folders.count == 3)
        #expect(DatasetLocator(environment: ["XDG_DATA_HOME": "/x"]).downloadFolder == "/x/ntk")
        #expect(
            DatasetLocator(environment: ["XDG_DATA_HOME": "x", "HOME": "/h"]).downloadFolder == "/h/.local/share/ntk")
    }

    @Test(arguments: [
        "root", "root/mnist", "here/data", "here/data/mnist", "home/.local/share/ntk/mnist", "system/mnist",
    ])
    func everyFolder(name: String) throws {
        let folder = try TemporaryFolder()
        let files = SmallDatasets.idxFiles()
        let description = try SmallDatasets.description(.mnist, files)
        for (index, file) in files.enumerated() {
            // Plain, gzip, and the name with a dot.
            let fileName =
                index == 0 ? file.name.replacing("-idx", with: ".idx") : index == 1 ? file.name : file.name + ".gz"
            try folder.write(index < 2 ? file.bytes : gzip(file.bytes), to: name + "/" + fileName)
        }
        let found = try SmallDatasets.locator(folder, [description]).locate(description, classes: [0])
        #expect(found.paths.allSatisfy { $0.hasPrefix(folder(name)) })
        #expect(found.trainPaths.count == 2 && found.testPaths.count == 2)
    }

    @Test func missing() throws {
        let folder = try TemporaryFolder()
        let files = SmallDatasets.idxFiles()
        let description = try SmallDatasets.description(.mnist, files)
        try folder.write(files[0].bytes, to: "root/" + files[0].name)
        let locator = SmallDatasets.locator(folder, [description])
        let error = #expect(throws: DatasetError.self) { try locator.locate(description, classes: []) }
        let root = folder.path
        #expect(
            error?.description
                == "mnist was not found in \(root)/root, \(root)/here/data, \(root)/home/.local/share/ntk, \(root)/system "
                + "(\(root)/root lacks train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte); "
                + "install it, or name its folder in data.root or NTK_DATA")
        #expect(error?.isDataAtFault == true)
    }

    /// MNIST and Fashion-MNIST have the same file names.
    @Test func theLikesOfOneAnotherAreToldApart() throws {
        let folder = try TemporaryFolder()
        let digits = SmallDatasets.idxFiles()
        let clothes = SmallDatasets.idxFiles(offset: 1)
        let descriptions = [
            try SmallDatasets.description(.mnist, digits), try SmallDatasets.description(.fashionMNIST, clothes),
        ]
        for file in digits { try folder.write(gzip(file.bytes), to: "root/\(file.name).gz") }
        let locator = SmallDatasets.locator(folder, descriptions)
        let error = #expect(throws: DatasetError.self) { try locator.locate(descriptions[1], classes: []) }
        #expect(error?.description.contains("\(folder("root")) holds mnist under the same file names") == true)
        for file in clothes { try folder.write(gzip(file.bytes), to: "system/fashion-mnist/\(file.name).gz") }
        let dataset = try Dataset.load(DatasetRequest(name: .fashionMNIST), from: locator)
        #expect(dataset.files[0].path.hasPrefix(folder("system")))
        #expect(try Dataset.load(DatasetRequest(name: .mnist), from: locator).files[0].path.hasPrefix(folder("root")))
    }
}
