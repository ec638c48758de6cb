import Compute
import Foundation
import Inference
import Storage
import TangentKernels

extension RunStages {
    /// Records of the section `features`, of every net; its arrays are written on the way.
    /// - Parameter solved: the regression of the net of `model`.
    func features(_ solved: Solved, _ training: [CovarianceInputs]) async throws -> [ResultRecord] {
        guard let section = configuration.features else { return [] }
        var records: [ResultRecord] = []
        for (place, (label, model)) in configuration.featureModels.enumerated() {
            records += try await once("features \(label)", isMeasured: false) {
                let subject =
                    place == 0
                    ? FeatureSubject(
                        label: label, suffix: "", try await featureBasis(solved), targets: dataset.trainTargets,
                        training)
                    : try await featureSubject(label, model, at: place - 1)
                return try await FeatureStages(section: section, stages: self, subject: subject).execute()
            }
        }
        try exportImages(section)
        return try records + similarities(section)
    }

    /// That of the net of `model`, whose equations may have been solved with the features' ridge.
    private func featureBasis(_ solved: Solved) async throws -> FeatureBasis {
        let full = settings.firstIndex {
            $0.diagReg == configuration.inference.diagReg[0] && $0.time.isInfinite
        }
        let known = full.map { solved.weights[$0] }
        if let problem = solved.problem { return try await featureBasis(problem, known: known) }
        guard let gram = solved.gram, let spectrum = solved.spectrum else {
            preconditionFailure("features of a net without a Gram matrix")
        }
        return try featureBasis(gram, spectrum, known: known)
    }

    /// A net beside that of `model`: its Gram matrix, spectrum and training inputs.
    private func featureSubject(_ label: String, _ model: ModelSection, at place: Int) async throws -> FeatureSubject {
        let program = try program(of: model, at: "features.architectures.\(place)")
        let training = try backends.map {
            try $0.prepare(program, inputs: dataset.trainInputs, precision)
        }
        let plan = SolvePlan(configuration, .init(dataset), geometry: program.geometry, devices: backends.count)
        let basis: FeatureBasis
        if plan.isOnDisk {
            basis = try await featureBasis(
                problemOnDisk(plan, model, program, [configuration.kernel.type], label: label), known: nil)
        } else {
            let gram = try await journal.measure("kernel \(label)") {
                try await self.gram(model, program, configuration.kernel.type, label: label)
            }
            let count = configuration.features?.wantedEigenvalues(of: gram.rows) ?? gram.rows
            let spectrum = try await journal.measure("spectrum \(label)") {
                try self.spectrum(gram, count: count)
            }
            basis = try featureBasis(gram, spectrum, known: nil)
        }
        return FeatureSubject(
            label: label, suffix: "_\(label)", basis, targets: dataset.trainTargets, training)
    }

    private func featureBasis(
        _ gram: HostMatrix, _ spectrum: Spectrum, known full: Tensor<Double>?
    ) throws -> FeatureBasis {
        let section = configuration.inference
        let regression = try KernelRegression(
            gram: gram, targets: dataset.trainTargets, options: section.options(diagReg: section.diagReg[0]),
            spectrum: spectrum.isComplete ? spectrum : nil)
        return FeatureBasis(
            spectrum: spectrum, ridge: regression.ridge,
            fullWeights: try full ?? regression.weights(at: .infinity))
    }

    /// The images whose gradients are exported, and their labels.
    private func exportImages(_ section: FeaturesSection) throws {
        let count = min(section.images, dataset.testInputs.count)
        guard count > 0 else { return }
        try folder.export(dataset.testInputs[0..<count], "feature_images", precision)
        guard let labels = attackLabels else { return }
        try folder.export(labels: Array(labels[..<count]), "feature_labels")
    }

    /// Cosines of the gradients of the first five features between all pairs of nets, from the arrays that were written.
    private func similarities(_ section: FeaturesSection) throws -> [ResultRecord] {
        let labels = configuration.featureModels.map { $0.label }
        guard labels.count > 1, min(section.images, dataset.testInputs.count) > 0 else { return [] }
        let count = min(5, section.count, dataset.trainInputs.count)
        let gradients = try labels.enumerated().map { place, label in
            let path = folder.array("feature_gradients" + (place == 0 ? "" : "_\(label)"))
            guard case .floating(let tensor, _) = try NPY.read(path) else {
                preconditionFailure("gradients are floating-point numbers")
            }
            return tensor[0..<count]
        }
        var records: [ResultRecord] = []
        var all: [Double] = []
        for (place, one) in labels.enumerated() {
            for (other, name) in labels.enumerated().dropFirst(place + 1) {
                for feature in 0..<count {
                    let cosines = GradientCosines.of(
                        gradients[place][feature..<feature + 1], gradients[other][feature..<feature + 1],
                        count: gradients[place].shape[1])
                    guard !cosines.isEmpty else { continue }
                    all += cosines
                    records.append(.similarity(one, name, feature: feature, cosines: cosines))
                }
            }
        }
        return all.isEmpty ? records : records + [.similaritySummary(all)]
    }
}

/// What the features of a net are made from.
struct FeatureBasis: Sendable {
    /// All or the largest eigenpairs of Θ.
    let spectrum: Spectrum
    /// λ, the first ridge.
    let ridge: Double
    /// α of f_∞ with it, [n, k].
    let fullWeights: Tensor<Double>
}

/// One net whose features are looked at.
struct FeatureSubject: Sendable {
    let label: String
    /// Of the names of its arrays.
    let suffix: String
    let features: EigenFeatures
    /// α of f_∞, [n, k].
    let fullWeights: Tensor<Double>
    /// X on every device.
    let training: [CovarianceInputs]

    init(
        label: String, suffix: String, _ basis: FeatureBasis, targets: Tensor<Double>,
        _ training: [CovarianceInputs]
    ) {
        self.label = label
        self.suffix = suffix
        features = EigenFeatures(basis.spectrum, targets: targets, ridge: basis.ridge)
        fullWeights = basis.fullWeights
        self.training = training
    }
}
