import Attacks
import Compute
import TangentKernels

extension RunStages {
    /// Refuses what the data or the memory do not allow, before anything is computed.
    func check() throws {
        let memory = MatrixMemory(configuration, points: dataset.trainInputs.count)
        if try !memory.isEnough && needsMatrices { try memory.validate() }
        for place in configuration.networks.indices { try checkKernel(ofNetworks: place) }
        guard dataset.testInputs.count > 0 else { return }
        for place in configuration.attacks.indices { try trial(place).check() }
        if let section = configuration.features { try check(section) }
        if let section = configuration.transfer { try check(section) }
    }

    private func checkKernel(ofNetworks place: Int) throws {
        guard configuration.networks[place].kernel != nil else { return }
        _ = try program(of: configuration.networks[place].model, at: "networks.\(place).model")
        guard attackLabels != nil, dataset.testInputs.count > 0 else {
            throw configuration.error(
                at: "networks.\(place).kernel", "the comparison needs test points with labels")
        }
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
        for (place, net) in section.architectures.enumerated() {
            _ = try program(of: net, at: "features.architectures.\(place)")
        }
    }

    private func check(_ section: TransferSection) throws {
        guard attackLabels != nil else {
            throw configuration.error(at: "transfer", "needs test labels; give data.test_targets")
        }
        let n = dataset.trainInputs.count
        for (place, model) in section.models.enumerated() {
            let path = "transfer.models.\(place)"
            let points = points(of: model)
            guard !points.isEmpty, points.upperBound <= n else {
                throw configuration.error(
                    at: path,
                    "takes training points \(points.lowerBound) to \(points.upperBound): there are \(n)")
            }
            if let net = model.model { _ = try program(of: net, at: "\(path).model") }
        }
        try check(section.sources, "sources")
        try check(section.targets, "targets")
        guard let attack = section.attack else { return }
        try AttackTrial(section: attack, label: "", path: "transfer.attack", stage: "transfer", stages: self).check()
    }

    private func check(_ labels: [String]?, _ key: String) throws {
        let known = transferLabels
        for (place, label) in (labels ?? []).enumerated() where !known.contains(label) {
            let clause = Suggestion.clause(for: label, in: known)
            throw configuration.error(
                at: "transfer.\(key).\(place)",
                "there is no model '\(label)'"
                    + (clause.isEmpty ? "; models are \(known.joined(separator: ", "))" : clause))
        }
    }

    /// The covariance program of a net that stands at a place of the configuration.
    func program(of net: ModelSection, at path: String) throws -> CovarianceProgram {
        if net == configuration.model, let kernelProgram { return kernelProgram }
        var other = configuration
        other.model = net
        return try other.program(inputShape: dataset.inputShape, at: path)
    }
}
