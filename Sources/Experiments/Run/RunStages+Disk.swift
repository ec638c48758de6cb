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
        guard let gramStore = try gramStore(configuration) else {
            preconditionFailure("a store was refused and is needed")
        }
        let matrices = try await gramOnDisk(plan, gramStore)
        if configuration.save.contains(.kernels) {
            try await journal.measure("export") { try await exportKernels(matrices) }
        }
        guard let gram = matrices[configuration.kernel.type] else { preconditionFailure("no Gram matrix was made") }
        let factors = try FactorStore(folder, gramStore.origin)
        let flag = CancellationFlag()
        return try await withTaskCancellationHandler {
            try await journal.measure("regression") {
                var solved = Solved()
                for (place, diagReg) in configuration.inference.diagReg.enumerated() {
                    let setting = settings[place]
                    if let known = given[setting.suffix] {
                        solved.add(known.weights, known.solution, setting, journal)
                        continue
                    }
                    let solver = plan.solvers[place]
                    let regression = try TiledRegression(
                        StoredGram(matrix: gram), targets: dataset.trainTargets,
                        options: configuration.inference.options(diagReg: diagReg), on: backends,
                        memory: plan.tileMemory, control: control(solver, flag))
                    let (weights, solution) =
                        solver == .cg
                        ? try regression.conjugateGradients()
                        : try regression.cholesky(in: try factors.matrix(place, like: gram))
                    solved.add(weights, solution, setting, journal)
                }
                return solved
            }
        } onCancel: {
            flag.set()
        }
    }

    /// Computes the tiles that are missing.
    private func gramOnDisk(_ plan: SolvePlan, _ store: GramStore) async throws -> [CovarianceKind: ZarrMatrix] {
        let kinds = configuration.kinds
        return try await journal.measure("kernel") {
            let tiles = TilePlan.lowerTriangle(count: dataset.trainInputs.count, tile: store.tile ?? plan.tile)
            let complete = try store.begin(kinds, tiles, precision)
            try await GramTiles(assembly(program), dataset.trainInputs, kinds).compute(
                tiles.excluding(complete), observer: observe("gram")
            ) { delivery in try store.write(delivery) }
            var matrices: [CovarianceKind: ZarrMatrix] = [:]
            for kind in kinds { matrices[kind] = store.matrix(kind) }
            return matrices
        }
    }

    /// How a solve on disk tells how far it is, and hears of the task's end.
    private func control(_ solver: KernelRegression.Solver, _ flag: CancellationFlag) -> TiledRegression.Control {
        let line = ProgressLine(label: solver.rawValue, item: solver == .cg ? "products" : "tiles")
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

/// `factor.zarr`: the Cholesky factors of a run, one for each ridge. They are removed when the run is done.
struct FactorStore {
    private let store: TileStore

    init(_ folder: RunFolder, _ origin: GramOrigin) throws {
        let path = folder.factorStore
        if let store = try TileStore.open(path: path), store.differences(from: origin.attributes).isEmpty {
            self.store = store
            return
        }
        // Factors of another matrix are worth nothing.
        Self.remove(from: folder)
        store = try TileStore.create(path: path, attributes: origin.attributes)
    }

    static func remove(from folder: RunFolder) { try? FileManager.default.removeItem(atPath: folder.factorStore) }

    /// The factor for the ridge at a place of the configuration's list.
    func matrix(_ place: Int, like gram: ZarrMatrix) throws -> ZarrMatrix {
        let name = "reg\(place)"
        if let known = try store.matrix(name), known.tile == gram.tile { return known }
        return try store.lowerTriangle(name, size: gram.rows, tile: gram.tile, precision: .float64)
    }
}

extension RunFolder {
    var factorStore: String { path + "/factor.zarr" }
}
