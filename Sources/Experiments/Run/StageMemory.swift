import Attacks
import Compute
import Foundation
import Storage

/// Arrays that a stage keeps while it goes on, `stages/<stage>/<name>.npy`: what the parts of a long attack have found.
struct StageMemory: AttackMemory {
    private let folder: String

    init(_ folder: RunFolder, stage: String) {
        self.folder = folder.path + "/stages/" + stage.replacing(" ", with: "_")
    }

    /// An array that cannot be read is computed again.
    func load(_ name: String) -> Tensor<Double>? {
        if case .floating(let tensor, _) = try? NPY.read(path(name)) { tensor } else { nil }
    }

    func save(_ tensor: Tensor<Double>, _ name: String) {
        try? Folder.make(folder)
        try? NPY.write(tensor, to: path(name))
    }

    func remove() { try? FileManager.default.removeItem(atPath: folder) }

    private func path(_ name: String) -> String { "\(folder)/\(name).npy" }
}
