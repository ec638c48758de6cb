import Attacks
import Compute
import Inference
import Scheduling
import TangentKernels

/// The stages of the features of one net: predictions, gradients at some images, attacks, machines.
struct FeatureStages: Sendable {
    let section: FeaturesSection
    let stages: RunStages
    let subject: FeatureSubject

    var features: EigenFeatures { subject.features }
    var n: Int { features.spectrum.n }
    /// Indices of the features that are looked at.
    var indices: [Int] { section.features(of: n) }
    /// How many of them are the first ones.
    var firstCount: Int { min(section.count, n) }
    var points: Tensor<Double> { stages.dataset.testInputs }
    var labels: [Int]? { stages.attackLabels }
    var outputs: Int { features.outputs }
    var team: DeviceTeam { DeviceTeam(backends: stages.backends) }
    /// u_i of the features that are looked at.
    var factors: [[Double]] { indices.map { features.projection($0) } }

    func execute() async throws -> [ResultRecord] {
        let suffix = subject.suffix
        try stages.folder.export(
            Tensor(shape: [features.count], elements: features.spectrum.eigenvalues), "eigenvalues\(suffix)", .float64)
        try stages.folder.export(labels: indices, "feature_indices\(suffix)")
        let carried = try await predictions()
        try await decompose(carried)
        guard let labels else { return [] }
        let clean = FeatureScores(carried.transposed, factors, labels)
        return try await evaluate(clean, try attack(carried, labels), labels)
    }

    /// g of every feature at the test points, [m, r].
    private func predictions() async throws -> Tensor<Double> {
        try await stages.journal.measure("features \(subject.label)") {
            let carriers = try PredictorTeam(predictors: predictors(try features.carriers(indices)))
            let points = points
            let parts = try await carriers.map(
                points.count, observer: stages.progress("features \(subject.label)")
            ) { predictor, range in try predictor.predictions(at: points[range]) }
            let carried = Tensor(shape: [points.count, indices.count], elements: parts.flatMap(\.elements))
            if stages.configuration.save.contains(.features) {
                let all = zip(carried.transposed, factors).flatMap { g, u in g.flatMap { g in u.map { $0 * g } } }
                try stages.folder.export(
                    Tensor(shape: [indices.count, points.count, outputs], elements: all),
                    "feature_predictions\(subject.suffix)", .float64)
            }
            return carried
        }
    }

    /// The same predictor on every device.
    func predictors(_ weights: Tensor<Double>) throws -> [KernelPredictor] {
        try stages.backends.indices.map { try predictor(weights, on: $0) }
    }

    func predictor(_ weights: Tensor<Double>, on device: Int) throws(ComputeError) -> KernelPredictor {
        try KernelPredictor(
            stages.configuration.kernel.type, training: subject.training[device], weights: weights,
            backend: stages.backends[device], memoryLimit: stages.blockMemory)
    }

    /// What a part of a stage has found before it was stopped, or finds now.
    func kept(_ name: String, of stage: String, _ find: () throws -> Tensor<Double>) rethrows -> Tensor<Double> {
        let memory = StageMemory(stages.folder, stage: stage)
        if let known = memory.load(name) { return known }
        let found = try find()
        memory.save(found, name)
        return found
    }

    /// Features whose gradients are made in one pass: few enough that the coefficients cost little beside the rest.
    static let groupSize = 64

    /// Groups of positions in `indices`.
    var groups: [Range<Int>] {
        stride(from: 0, to: indices.count, by: Self.groupSize).map {
            $0..<min($0 + Self.groupSize, indices.count)
        }
    }
}

extension Tensor<Double> {
    /// The columns of a matrix [m, r].
    var transposed: [[Double]] { (0..<stride).map { column in (0..<count).map { elements[$0 * stride + column] } } }
}
