import Attacks
import Compute
import Scheduling
import TangentKernels

extension RunStages {
    /// f_t at the test points, one [m, k] for each setting; all settings in one pass over the pairs.
    func predictions(
        _ weights: [Tensor<Double>], _ training: [CovarianceInputs]
    ) async throws -> [Tensor<Double>] {
        let k = dataset.outputCount
        let m = dataset.testInputs.count
        return try await journal.measure("predictions") {
            let team = try team(joined(weights), training)
            let points = dataset.testInputs
            let parts = try await team.map(m, observer: progress("predictions")) { predictor, range in
                try predictor.predictions(at: points[range])
            }
            let all: [Double] = parts.flatMap { $0.elements }
            let results = weights.indices.map { Self.slice(all, of: weights.count, $0, [m, k]) }
            if configuration.save.contains(.predictions) {
                for (setting, result) in zip(settings, results) {
                    try folder.export(result, "predictions_\(setting.suffix)", .float64)
                }
            }
            return results
        }
    }

    /// ∇f_t at the test points, where they are to be exported.
    func gradients(_ weights: [Tensor<Double>], _ training: [CovarianceInputs]) async throws {
        guard configuration.save.contains(.gradients) else { return }
        try await journal.measure("gradients") {
            for (setting, weight) in zip(settings, weights) {
                let points = dataset.testInputs
                let parts = try await team(weight, training).map(
                    points.count, observer: progress("gradients \(setting.label)")
                ) { predictor, range in try predictor.gradients(at: points[range]) }
                let gradients = Tensor(
                    shape: [points.count, weight.stride] + points.shape.dropFirst(),
                    elements: parts.flatMap(\.elements))
                try folder.export(gradients, "input_gradients_\(setting.suffix)", precision)
            }
        }
    }

    /// Bytes of what a predictor needs of every training point for a block of points.
    var blockMemory: Int {
        configuration.compute.memoryLimit.map { min(1 << 30, $0 / 4 / backends.count) } ?? 1 << 30
    }

    func team(
        _ weights: Tensor<Double>, _ training: [CovarianceInputs]
    ) throws(ComputeError) -> PredictorTeam<KernelPredictor> {
        var predictors: [KernelPredictor] = []
        for (backend, inputs) in zip(backends, training) {
            predictors.append(
                try KernelPredictor(
                    configuration.kernel.type, training: inputs, weights: weights, backend: backend,
                    memoryLimit: blockMemory))
        }
        return PredictorTeam(predictors: predictors)
    }

    /// [n, k] for each setting, side by side: [n, settings · k].
    private func joined(_ weights: [Tensor<Double>]) -> Tensor<Double> {
        let k = dataset.outputCount
        let n = dataset.trainInputs.count
        var elements: [Double] = []
        elements.reserveCapacity(n * k * weights.count)
        for row in 0..<n {
            for weight in weights { elements += weight.elements[row * k..<(row + 1) * k] }
        }
        return Tensor(shape: [n, k * weights.count], elements: elements)
    }

    /// Part `index` of `count` outputs that stand side by side.
    private static func slice(_ all: [Double], of count: Int, _ index: Int, _ shape: [Int]) -> Tensor<Double> {
        let k = shape[1]
        var elements: [Double] = []
        for row in 0..<shape[0] {
            let start = (row * count + index) * k
            elements += all[start..<start + k]
        }
        return Tensor(shape: shape, elements: elements)
    }

    /// Passes progress on.
    /// - Parameters:
    ///   - item: what is handed out, plural.
    ///   - unit: what is in it and counted by the rate, plural.
    func progress(
        _ label: String, item: String = "batches", unit: String = "points"
    ) -> (SchedulingProgress) -> Void {
        let line = ProgressLine(label: label, item: item, unit: unit)
        return { [journal] progress in
            journal.progress(line.text(progress), done: progress.done, total: progress.total)
        }
    }
}
