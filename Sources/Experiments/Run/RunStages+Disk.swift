import Compute
import Foundation
import Inference
import Scheduling
import Storage
import TangentKernels

/// A run whose Gram matrix does not fit in memory: it is made, factored and read tile by tile.
extension RunStages {
    /// α of every ridge, and how each was found.
    func solveOnDisk(_ plan: SolvePlan, _ given: Given) async throws -> Solved {
        let problem = try await problemOnDisk(plan, configuration.model, program, configuration.kinds)
        if configuration.save.contains(.kernels) {
            try await journal.measure("export") { try await exportKernels(problem.matrices) }
        }
        return try await journal.measure("regression") {
            try await CancellationFlag.during { flag in
                var solved = Solved()
                solved.problem = problem
                for place in configuration.inference.diagReg.indices {
                    var flows = try flows(problem, ridge: place, flag)[...]
                    for setting in settings(ofRidge: place) {
                        let known = setting.time.isInfinite ? given[setting.suffix] : flows.popFirst()
                        let (weights, solution) = try known ?? solve(problem, ridge: place, flag)
                        solved.add(weights, solution, setting, journal)
                    }
                }
                return solved
            }
        }
    }

    /// The largest eigenpairs of a matrix on disk, and α of the first ridge.
    /// - Parameter known: that α, where it has been solved before.
    func featureBasis(_ problem: ProblemOnDisk, known: Tensor<Double>?) async throws -> FeatureBasis {
        guard let section = configuration.features else {
            preconditionFailure("no features are wanted")
        }
        let name = problem.suffix.isEmpty ? "" : " " + problem.suffix.dropFirst()
        return try await CancellationFlag.during { flag in
            let gram = StoredGram(matrix: problem.gram)
            let spectrum = try await journal.measure("spectrum" + name) {
                try self.spectrum(
                    gram, problem.origin, count: section.wantedEigenvalues(of: gram.n),
                    memory: problem.plan.tileMemory, control("spectrum", "products", flag))
            }
            let ridge = try regression(problem, ridge: 0, .init()).ridge
            if let known { return FeatureBasis(spectrum: spectrum, ridge: ridge, fullWeights: known) }
            let full = try await journal.measure("regression" + name) {
                try solve(problem, ridge: 0, flag).weights
            }
            return FeatureBasis(spectrum: spectrum, ridge: ridge, fullWeights: full)
        }
    }

    private func solve(
        _ problem: ProblemOnDisk, ridge place: Int, _ flag: CancellationFlag
    ) throws -> (weights: Tensor<Double>, solution: KernelRegression.Solution) {
        let solver = problem.plan.solvers[place]
        let regression = try regression(
            problem, ridge: place, control(solver.rawValue, solver == .cg ? "products" : "tiles", flag))
        guard solver != .cg else { return try regression.conjugateGradients() }
        let factors = try FactorStore(folder, problem.origin, suffix: problem.suffix)
        return try regression.cholesky(in: factors.matrix(place, like: problem.gram))
    }

    /// α of the finite times of a ridge, in their order.
    private func flows(
        _ problem: ProblemOnDisk, ridge place: Int, _ flag: CancellationFlag
    ) throws -> [(weights: Tensor<Double>, solution: KernelRegression.Solution)] {
        let times = configuration.inference.time.filter { $0.isFinite }
        guard !times.isEmpty else { return [] }
        return try regression(problem, ridge: place, control("lanczos", "products", flag)).flow(to: times)
    }

    private func regression(
        _ problem: ProblemOnDisk, ridge place: Int, _ control: TiledRegression.Control
    ) throws -> TiledRegression {
        let section = configuration.inference
        return try TiledRegression(
            StoredGram(matrix: problem.gram), targets: dataset.trainTargets,
            options: section.options(diagReg: section.diagReg[place]), on: backends,
            memory: problem.plan.tileMemory, control: control)
    }

    /// Makes the Gram matrices of a net: computes the tiles that are missing.
    /// - Parameter label: of the net; nil for that of the run.
    func problemOnDisk(
        _ plan: SolvePlan, _ net: ModelSection, _ program: CovarianceProgram, _ kinds: Set<CovarianceKind>,
        label: String? = nil
    ) async throws -> ProblemOnDisk {
        let (suffix, name) = (label.map { "_" + $0 } ?? "", label.map { " " + $0 } ?? "")
        guard let store = try gramStore(of: net) else {
            preconditionFailure("a store was refused and is needed")
        }
        return try await journal.measure("kernel" + name) {
            let tiles = TilePlan.lowerTriangle(
                count: dataset.trainInputs.count, tile: store.tile ?? plan.tile)
            let complete = try store.begin(kinds, tiles, precision)
            try await GramTiles(assembly(program), dataset.trainInputs, kinds).compute(
                tiles.excluding(complete), observer: observe("gram" + name)
            ) { delivery in try store.write(delivery) }
            var matrices: [CovarianceKind: ZarrMatrix] = [:]
            for kind in kinds { matrices[kind] = store.matrix(kind) }
            guard let gram = matrices[configuration.kernel.type] else {
                preconditionFailure("no Gram matrix was made")
            }
            return ProblemOnDisk(
                plan: plan, suffix: suffix, origin: store.origin, matrices: matrices, gram: gram)
        }
    }

    /// How work on disk tells how far it is, and hears of the task's end.
    private func control(_ label: String, _ item: String, _ flag: CancellationFlag)
        -> TiledRegression.Control
    {
        let line = ProgressLine(label: label, item: item)
        var control = TiledRegression.Control()
        control.progress = { [journal] done, total in
            let text = line.text(done: done, total: total, work: 0, totalWork: 0, seconds: 0)
            journal.progress(text, done: done, total: total)
        }
        control.warn = { [journal] in journal.warn($0) }
        control.isCancelled = { flag.isSet }
        return control
    }

    /// `<kind>_train_train.npy`, a strip of rows at a time, and the arrays of the test points.
    private func exportKernels(_ matrices: [CovarianceKind: ZarrMatrix]) async throws {
        for (kind, matrix) in matrices {
            try NPY.write(SymmetricStrips(matrix), to: folder.array("\(kind.rawValue)_train_train"))
        }
        try await exportTestKernels(assembly(program))
    }
}

/// The equations of one net, with Θ on disk.
struct ProblemOnDisk: Sendable {
    let plan: SolvePlan
    /// Of the names of the net's files; empty for that of `model`.
    let suffix: String
    let origin: GramOrigin
    let matrices: [CovarianceKind: ZarrMatrix]
    /// The one that predicts.
    let gram: ZarrMatrix
}

/// `factor.zarr`: the Cholesky factors of a net, one for each ridge. They are removed when the run is done.
struct FactorStore {
    private let store: TileStore

    /// - Parameter suffix: of the names of the net's files.
    init(_ folder: RunFolder, _ origin: GramOrigin, suffix: String) throws {
        let path = folder.factorStore(suffix: suffix)
        if let store = try TileStore.open(path: path),
            store.differences(from: origin.attributes).isEmpty
        {
            self.store = store
            return
        }
        // Factors of another matrix are worth nothing.
        try? FileManager.default.removeItem(atPath: path)
        store = try TileStore.create(path: path, attributes: origin.attributes)
    }

    /// Removes those of all nets.
    static func remove(from folder: RunFolder, _ configuration: Configuration) {
        for suffix in [""] + configuration.featureModels.map({ "_" + $0.label }) {
            try? FileManager.default.removeItem(atPath: folder.factorStore(suffix: suffix))
        }
    }

    /// The factor for the ridge at a place of the configuration's list.
    func matrix(_ place: Int, like gram: ZarrMatrix) throws -> ZarrMatrix {
        let name = "reg\(place)"
        if let known = try store.matrix(name), known.tile == gram.tile { return known }
        return try store.lowerTriangle(name, size: gram.rows, tile: gram.tile, precision: .float64)
    }
}

extension RunFolder {
    fileprivate func factorStore(suffix: String) -> String { "\(path)/factor\(suffix).zarr" }
}
