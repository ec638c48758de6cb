import Compute
import Foundation
import Inference
import Storage
import TangentKernels

extension RunStages {
    /// Records of the section `features`, of every net; its arrays are written on the way.
    /// - Parameters:
    ///   - gram: Θ(X, X) of the net of `model`.
    ///   - weights: α of every setting of that net.
    func features(
        _ gram: HostMatrix, _ spectrum: Spectrum?, _ weights: [Tensor<Double>], _ training: [CovarianceInputs]
    ) async throws -> [ResultRecord] {
        guard let section = configuration.features else { return [] }
        try check(section)
        let done = StageRecords(folder)
        var records: [ResultRecord] = []
        for (place, (label, model)) in configuration.featureModels.enumerated() {
            let stage = "features \(label)"
            if let known = try done.read(stage) {
                journal.note("restored", ["stage": stage])
                records += known
                continue
            }
            let subject: FeatureSubject
            if place == 0, let spectrum {
                subject = try featureSubject(
                    label, suffix: "", gram, spectrum, training, known: fullWeights.map { weights[$0] })
            } else {
                subject = try await featureSubject(label, model, at: place - 1)
            }
            let new = try await FeatureStages(section: section, stages: self, subject: subject).execute()
            try done.write(new, of: stage)
            records += new
        }
        try exportImages(section)
        return try records + similarities(section)
    }

    /// Place of the setting whose weights are those of f_∞ with the features' ridge.
    private var fullWeights: Int? {
        settings.firstIndex { $0.diagReg == configuration.inference.diagReg[0] && $0.time.isInfinite }
    }

    private func check(_ section: FeaturesSection) throws {
        let n = dataset.trainInputs.count
        if let place = section.indices.firstIndex(where: { $0 >= n }) {
            throw configuration.error(
                at: "features.indices.\(place)",
                "there is no feature \(section.indices[place]): \(n) training points have \(n)")
        }
        if attackLabels == nil, section.attack != nil {
            throw configuration.error(
                at: "features.attack",
                "an attack on features needs test labels; give data.test_targets or set it to none")
        }
    }

    /// A net beside that of `model`: its Gram matrix, spectrum and training inputs.
    private func featureSubject(_ label: String, _ model: ModelSection, at place: Int) async throws -> FeatureSubject {
        var other = configuration
        other.model = model
        let path = "features.architectures.\(place)"
        let program = try other.program(inputShape: dataset.inputShape, at: path)
        let kind = configuration.kernel.type
        let suffix = "_\(label)"
        let keeper = try gramStore(other, suffix: suffix)
        let gram = try await journal.measure("kernel \(label)") {
            try await self.gram(program, kind, label: label, keeper: keeper)
        }
        let count = configuration.features?.wantedEigenvalues(of: gram.rows) ?? gram.rows
        let spectrum = try await journal.measure("spectrum \(label)") { try self.spectrum(gram, count: count) }
        let training = try backends.map { try $0.prepare(program, inputs: dataset.trainInputs, precision) }
        return try featureSubject(label, suffix: suffix, gram, spectrum, training, known: nil)
    }

    private func featureSubject(
        _ label: String, suffix: String, _ gram: HostMatrix, _ spectrum: Spectrum, _ training: [CovarianceInputs],
        known full: Tensor<Double>?
    ) throws -> FeatureSubject {
        let section = configuration.inference
        let regression = try KernelRegression(
            gram: gram, targets: dataset.trainTargets, options: section.options(diagReg: section.diagReg[0]),
            spectrum: spectrum.isComplete ? spectrum : nil)
        return FeatureSubject(
            label: label, suffix: suffix,
            features: EigenFeatures(spectrum, targets: dataset.trainTargets, ridge: regression.ridge),
            fullWeights: try full ?? regression.weights(at: .infinity), training: training)
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
}
