import Foundation
import Storage
import StorageTestSupport
import Testing

/// Data that are missing or damaged: exit code 74.
@Suite struct DataTests {
    private static let config = "data: {name: mnist}\ncompute: {backend: cpu}\n"

    private static func program(_ config: String = Self.config) throws -> Program {
        let folder = try TemporaryFolder()
        try folder.write(Array(config.utf8), to: "c.yaml")
        return Program(folder)
    }

    @Test func missing() throws {
        let program = try Self.program()
        try FileManager.default.createDirectory(atPath: program.folder("empty"), withIntermediateDirectories: true)
        let result = try program("run", "c.yaml", "data.root=empty")
        #expect(result.code == 74)
        #expect(result.output == "")
        #expect(
            result.complaints.last
                == "ntk: mnist was not found in empty, ./data, \(program.folder("home/data"))/ntk, "
                + "/usr/share/datasets; fetch it with ntk data fetch mnist, or name its folder in data.root or NTK_DATA"
        )
        #expect(!program.folder.names.contains("runs"))
    }

    @Test func truncated() throws {
        let program = try Self.program()
        let header: [UInt8] = [0, 0, 8, 1, 0, 0, 0x10, 0]
        let labels = gzip(header + (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 7919 >> 3) % 10 })
        for split in ["train", "t10k"] {
            try program.folder.write(labels, to: "data/\(split)-images-idx3-ubyte.gz")
            try program.folder.write(Array(labels.dropLast(900)), to: "data/\(split)-labels-idx1-ubyte.gz")
        }
        let result = try program("run", "c.yaml")
        #expect(result.code == 74)
        #expect(
            result.complaints.last?.hasPrefix(
                "ntk: ./data/train-labels-idx1-ubyte.gz is damaged: the compressed data end early, after ") == true)
        let verified = try program("data", "verify", "mnist")
        #expect(verified.code == 74)
        #expect(verified.output.contains("damaged  "))
        #expect(
            verified.error == "ntk: 4 of 4 files of mnist are missing or damaged; run ntk data fetch mnist\n")
    }

    @Test func unknown() throws {
        let program = try Self.program("data: {name: fashion-mnits}\n")
        let result = try program("run", "c.yaml")
        #expect(result.code == 64)
        #expect(
            result.error
                == "ntk: c.yaml:1: data.name must be one of fashion-mnist, mnist, cifar10 or npy, "
                + "found 'fashion-mnits'; did you mean 'fashion-mnist'?\n")
        let verified = try program("data", "verify", "fashion-mnits")
        #expect(verified.code == 64)
        #expect(
            verified.error
                == "ntk: there is no data set 'fashion-mnits'; there are fashion-mnist, mnist, cifar10; "
                + "did you mean 'fashion-mnist'?\n")
    }

    @Test func absentArrays() throws {
        let run = try SmallRun()
        try FileManager.default.removeItem(atPath: run.folder("train_inputs.npy"))
        let result = try run()
        #expect(result.code == 74)
        #expect(
            result.complaints.last
                == "ntk: \(run.folder("train_inputs.npy")) cannot be read: No such file or directory; check the path")
    }

    @Test func list() throws {
        let result = try Self.program()("data", "list")
        #expect(result.code == 0 && result.error == "")
        let rows = result.output.split(separator: "\n")
        #expect(rows.first?.hasPrefix("data set") == true)
        #expect(rows.dropFirst().map { $0.split(separator: " ")[0] } == ["fashion-mnist", "mnist", "cifar10"])
    }

    @Test(
        .enabled("dataset-fashion-mnist is not installed") {
            FileManager.default.fileExists(atPath: "/usr/share/datasets/fashion-mnist")
        })
    func verifyPublishedFiles() throws {
        let result = try Self.program()("data", "verify", "fashion-mnist")
        #expect(result.code == 0 && result.error == "")
        let lines = result.output.split(separator: "\n")
        #expect(lines.count == 4 && lines.allSatisfy { $0.hasPrefix("ok  ") })
    }
}
