import Compute
import Datasets
import Networks
import TangentKernels

extension Configuration {
    /// Fills in what nets take from other sections, and checks what concerns several of them.
    /// - Parameter range: of the inputs.
    mutating func completeNetworks(range: ClosedRange<Double>?, _ reading: inout Reading) {
        for index in networks.indices {
            let path = "networks.\(index)"
            if !reading.isGiven("\(path).model") { networks[index].model = model }
            if !reading.isGiven("\(path).adversarial.clip") { networks[index].adversarial?.clip = range }
            if !reading.isGiven("\(path).evaluate.attack.clip") { networks[index].evaluate.attack?.clip = range }
            if !reading.isGiven("\(path).kernel.attack.clip") { networks[index].kernel?.attack.clip = range }
            if let name = networks[index].name, networks[..<index].contains(where: { $0.name == name }) {
                reading.note("there is a net '\(name)' already", at: "\(path).name")
            }
            if networks[index].kernel != nil, networks[index].model.parameterization != .ntk {
                reading.note(
                    "compares gradient descent with its limit: set parameterization: ntk in the net's model",
                    at: "\(path).kernel")
            }
        }
        if kernel.predicting == nil { checkWithoutKernel(&reading) }
        checkDynamics(&reading)
    }

    private func checkWithoutKernel(_ reading: inout Reading) {
        if networks.isEmpty {
            reading.note("none leaves nothing to do without networks", at: "kernel.type")
        }
        if features != nil { reading.note("needs a kernel, and kernel.type is none", at: "features") }
        if transfer?.models.isEmpty == false {
            reading.note("kernels take no part where kernel.type is none", at: "transfer.models")
        }
        for array in [SavedArrays.kernels, .gradients, .features] where save.contains(array) {
            reading.note("'\(array.rawValue)' needs a kernel, and kernel.type is none", at: "save")
        }
    }

    private func checkDynamics(_ reading: inout Reading) {
        guard let dynamics else { return }
        if networks.isEmpty { reading.note("needs networks", at: "dynamics") }
        let names = networkNames
        for (index, name) in (dynamics.networks ?? []).enumerated() where !names.contains(name) {
            let clause = Suggestion.clause(for: name, in: names)
            let advice = clause.isEmpty ? "; nets are \(names.joined(separator: ", "))" : clause
            reading.note("there is no net '\(name)'\(advice)", at: "dynamics.networks.\(index)")
        }
        for (place, network) in networks.enumerated() where dynamics.includes(names[place]) {
            for (index, epoch) in (dynamics.epochs ?? []).enumerated() where epoch > network.training.epochs {
                reading.note(
                    "there is no epoch \(epoch): the training of \(names[place]) has \(network.training.epochs)",
                    at: "dynamics.epochs.\(index)")
            }
        }
    }

    /// Names of the items of `networks`, all different: the second one of a name is `fc-1.2`.
    package var networkNames: [String] {
        DistinctNames.make(given: networks.map(\.name), own: networks.map(\.ownName))
    }

    /// The finite net of an item of `networks`.
    /// - Parameters:
    ///   - shape: of one input, [d] or [H, W, C].
    ///   - outputs: k.
    func networkPlan(_ place: Int, inputShape shape: [Int], outputs: Int) throws -> NetworkPlan {
        let section = networks[place]
        let input =
            shape.count == 3
            ? ImageShape(height: shape[0], width: shape[1], channels: shape[2])
            : ImageShape(channels: shape.reduce(1, *))
        do throws(ArchitectureError) {
            return try NetworkPlan(
                try section.model.architecture(), input: input, outputs: outputs, widths: section.widths,
                parameterization: section.model.parameterization == .ntk ? .ntk : .standard)
        } catch {
            throw self.error(at: "networks.\(place)", error.description)
        }
    }

    /// A line for each net of `networks` on inputs of the data set: its name and its number of parameters. None for
    /// arrays, whose shape only they know.
    /// - Throws: `ConfigurationError` where a net cannot be built.
    package func networkSummaries() throws -> [String] {
        guard let description = DatasetRegistry.standard[data.name] else { return [] }
        let classes = data.classes?.count ?? description.classNames.count
        return try networkNames.enumerated().map { place, name in
            let plan = try networkPlan(
                place, inputShape: description.imageShape, outputs: classes == 2 ? 1 : classes)
            let count = networks[place].seeds.count
            return "\(name): \(plan.parameterCount.grouped) parameters" + (count == 1 ? "" : ", \(count) seeds")
        }
    }
}
