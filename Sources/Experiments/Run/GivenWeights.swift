import Compute
import Datasets
import Foundation
import Inference
import Storage

/// α that `ntk-mpi` has solved for a run: `arrays/weights_<setting>.npy`, and beside the arrays
/// `weights_<setting>.json` with what the equations were made from and how well they are solved.
///
/// A run takes them where they are those of its own equations, and does not solve again.
package struct GivenWeights: Sendable {
    private struct Record: Codable {
        /// What Θ, λ and Y were made from.
        let origin: [String: String]
        /// SHA256 of the array's file.
        let array: String
        let solver: String
        let residual: Double?
        let iterations: Int?
        let seconds: Double
    }

    private let folder: RunFolder
    /// What the run's own equations are made from, but for the ridge.
    private let origin: [String: String]

    /// - Complexity: O(n · d) for the digest of the training inputs.
    package init(
        _ folder: RunFolder, _ configuration: Configuration, _ dataset: Dataset, _ version: BuildVersion
    ) throws(StorageError) {
        self.folder = folder
        let digest = try SHA256()
        dataset.trainTargets.elements.withUnsafeBytes { digest.update($0) }
        // Two programs take part, which may be of different commits: rounding, which a residual covers.
        let gram = try GramOrigin(configuration, dataset, version).attributes.filter { $0.key != "commit" }
        origin = try gram.merging([
            "kernel": configuration.kernel.type.rawValue,
            "diag_reg_scale": configuration.inference.diagRegScale.rawValue,
            "targets_sha256": digest.finish(),
        ]) { $1 }
    }

    /// Whether weights of a setting were kept, of whatever equations.
    static func exist(in folder: RunFolder, _ setting: TrainingSetting) -> Bool {
        FileManager.default.fileExists(atPath: "\(folder.path)/\(name(setting))")
    }

    /// Keeps the weights of a setting.
    /// - Parameters:
    ///   - weights: α, [n, k].
    ///   - solution: how they were found; its residual is that of α.
    package func write(
        _ weights: Tensor<Double>, _ solution: KernelRegression.Solution, _ setting: TrainingSetting
    ) throws {
        let path = folder.array("weights_\(setting.suffix)")
        try NPY.write(weights, to: path)
        // The record comes last: an array without one is not looked at.
        try folder.write(
            json: Record(
                origin: origin(setting), array: try SHA256.hex(ofFile: path), solver: solution.solver.rawValue,
                residual: solution.residual, iterations: solution.iterations, seconds: solution.seconds),
            to: Self.name(setting))
    }

    /// The weights of a setting.
    /// - Returns: nil where none were solved.
    /// - Throws: ``RunFolderError`` where they belong to other equations, or their file is not the one that was written.
    func read(_ setting: TrainingSetting, points n: Int) throws -> (Tensor<Double>, KernelRegression.Solution)? {
        guard let record = try folder.read(json: Record.self, from: Self.name(setting)) else { return nil }
        let path = "\(folder.path)/\(Self.name(setting))"
        let wanted = origin(setting)
        let differences = Set(wanted.keys).union(record.origin.keys).filter { wanted[$0] != record.origin[$0] }
        guard differences.isEmpty else {
            throw RunFolderError(
                .taken,
                "the weights of '\(path)' solve other equations (differs in: "
                    + "\(differences.sorted().joined(separator: ", "))); \(Self.advice)")
        }
        let array = folder.array("weights_\(setting.suffix)")
        guard try SHA256.hex(ofFile: array) == record.array, case .floating(let weights, _) = try NPY.read(array),
            weights.shape.count == 2, weights.count == n,
            let solver = KernelRegression.Solver(rawValue: record.solver)
        else { throw RunFolderError(.inaccessible, "'\(array)' is not the array that '\(path)' names; \(Self.advice)") }
        let solution = KernelRegression.Solution(
            time: setting.time, solver: solver, seconds: record.seconds, iterations: record.iterations,
            residual: record.residual)
        return (weights, solution)
    }

    private static let advice = "remove both to have the run solve them itself"

    private func origin(_ setting: TrainingSetting) -> [String: String] {
        origin.merging(["diag_reg": PlainValue.format(setting.diagReg)]) { $1 }
    }

    private static func name(_ setting: TrainingSetting) -> String { "weights_\(setting.suffix).json" }
}
