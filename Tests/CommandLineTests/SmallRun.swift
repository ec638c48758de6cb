import Compute
import Foundation
import Storage
import StorageTestSupport
import TestSupport

/// A configuration and its arrays, in a folder of their own: three classes of random images, or two.
struct SmallRun {
    let folder: TemporaryFolder
    let program: Program

    var config: String { folder("small.yaml") }

    /// - Parameters:
    ///   - classes: 2 make a binary task.
    ///   - shape: of one input.
    ///   - compute: that section.
    ///   - sections: lines of the configuration behind `data` and `model`.
    init(
        classes: Int = 3, train: Int = 30, test: Int = 7, shape: [Int] = [4, 4, 1], labels: Bool = true,
        compute: String = "{backend: cpu}", sections: String = ""
    ) throws {
        folder = try TemporaryFolder()
        program = Program(folder)
        var generator = SeededGenerator(seed: 7)
        for (split, count) in [("train", train), ("test", test)] {
            let size = count * shape.reduce(1, *)
            let inputs = (0..<size).map { _ in Float.random(in: 0...1, using: &generator) }
            try NPY.write(Tensor(shape: [count] + shape, elements: inputs), to: folder("\(split)_inputs.npy"))
            let targets = (0..<count).map { Int32($0 % classes) }
            try NPY.write(Tensor(shape: [count], elements: targets), to: folder("\(split)_targets.npy"))
        }
        let keys = ["train_inputs", "train_targets", "test_inputs"] + (labels ? ["test_targets"] : [])
        let files = keys.map { "  \($0): \(folder($0)).npy" }.joined(separator: "\n")
        try write(
            """
            data:
              name: npy
            \(files)
            model: {preset: fc, depth: 2}
            compute: \(compute)
            \(sections)

            """)
    }

    /// Replaces the configuration.
    func write(_ text: String) throws { try folder.write(Array(text.utf8), to: "small.yaml") }

    func callAsFunction(_ overrides: String...) throws -> Program.Result {
        try program(["run", "small.yaml", "output=run"] + overrides)
    }

    /// Shape of `arrays/<name>.npy`.
    func shape(_ name: String) throws -> [Int] { try NPY.read(folder("run/arrays/\(name).npy")).shape }

    /// Numbers of `arrays/<name>.npy`.
    func numbers(_ name: String) throws -> [Double] {
        guard case .floating(let tensor, _) = try NPY.read(folder("run/arrays/\(name).npy")) else { return [] }
        return tensor.elements
    }

    /// Names of the exported arrays.
    var arrays: [String] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder("run/arrays"))) ?? []
        return files.map { $0.hasSuffix(".npy") ? String($0.dropLast(4)) : $0 }.sorted()
    }

    func text(_ name: String) throws -> String { String(decoding: try folder.read("run/" + name), as: UTF8.self) }

    func json(_ name: String) throws -> [String: Any] {
        try JSONSerialization.jsonObject(with: Data(try folder.read("run/" + name))) as? [String: Any] ?? [:]
    }
}
