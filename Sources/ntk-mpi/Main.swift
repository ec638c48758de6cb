import ArgumentParser
import CPUBackend
import CVersion
import Compute
import Datasets
import Experiments
import Foundation
import Inference
import OpenCLBackend
import Storage
import TangentKernels

/// `ntk-mpi`: the solves of one run on many machines.
@main
struct MPICommand: ParsableCommand {
    enum Method: String, ExpressibleByArgument, CaseIterable {
        case cholesky, eigh, cg
    }

    static let configuration = CommandConfiguration(
        commandName: "ntk-mpi", abstract: "Solve the equations of one run with MPI.",
        discussion: """
            cholesky and eigh spread the tiles of the run's gram.zarr over all ranks and use ScaLAPACK; cg needs no tiles: \
            each rank makes its rows of the matrix on its own device. Writes weights_tinf.npy (weights_reg0_tinf.npy, … \
            where there are several ridges), or eigenvalues.npy and eigenvectors.npy, into the arrays of the run. Then \
            ntk run RUN/config.yaml goes on from the weights.

            Example: mpirun -n 4 ntk-mpi runs/mnist-20k/3f9a0c1b2d --method cholesky
            """,
        version: String(cString: ntk_version()))

    @Argument(help: ArgumentHelp("The folder of a run.", valueName: "run"))
    var path: String

    @Option(help: "cholesky, eigh or cg.")
    var method = Method.cholesky

    @Option(help: "Rows and columns of ScaLAPACK's blocks.")
    var block = 64

    @Option(help: "eigh: eigenvectors that are written, those of the largest eigenvalues.")
    var vectors = 100

    @Option(help: "cg: wanted residual; by default 1e-10 in float64 and 1e-5 in float32.")
    var tolerance: Double?

    func validate() throws {
        guard block > 0, vectors >= 0 else { throw ValidationError("--block is at least 1, --vectors at least 0") }
    }

    func run() throws {
        let world = try MPIWorld()
        do {
            try solve(world)
            try world.wait()
            world.finish()
        } catch {
            FileHandle.standardError.write(Data("ntk-mpi: rank \(world.rank): \(error)\n".utf8))
            world.abort(1)
        }
    }

    private func solve(_ world: MPIWorld) throws {
        let start = ContinuousClock.now
        let folder = try RunFolder(existing: path)
        let problem = try DistributedProblem(folder, world, block: block)
        switch method {
        case .cholesky, .cg:
            let version = BuildVersion(version: String(cString: ntk_version()), commit: String(cString: ntk_commit()))
            for setting in try problem.settings() {
                let begin = ContinuousClock.now
                let found =
                    try method == .cg ? problem.conjugateGradients(setting, tolerance) : problem.cholesky(setting)
                guard world.rank == 0 else { continue }
                try problem.write(found, setting, method == .cg ? .cg : .cholesky, since: begin, version)
                let products = found.iterations.map { ", \($0) products" } ?? ""
                print(
                    "weights_\(setting.suffix): \(method), \(problem.n) points, \(world.size) ranks, residual "
                        + "\(found.residual)\(products)")
            }
        case .eigh:
            let found = try problem.eigenpairs(min(vectors, problem.n))
            if world.rank == 0 {
                try NPY.write(Tensor(shape: [problem.n], elements: found.values), to: folder.array("eigenvalues"))
                try NPY.write(found.vectors, to: folder.array("eigenvectors"))
                print("eigh: \(problem.n) points, \(world.size) ranks, largest eigenvalue \(found.values[0])")
            }
        }
        let seconds = try world.largest((ContinuousClock.now - start) / .seconds(1))
        if world.rank == 0 { print("\(String(format: "%.2f", seconds)) s") }
    }
}
