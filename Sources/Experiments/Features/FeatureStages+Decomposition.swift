import Attacks
import Compute
import Scheduling
import TangentKernels

extension FeatureStages {
    /// Gradients of the features at the images, and the shares of the features in the gradient of the loss there.
    /// - Parameter carried: g of every feature at the test points, [m, r].
    func decompose(_ carried: Tensor<Double>) async throws {
        let images = min(section.images, points.count)
        guard images > 0 else { return }
        try await stages.journal.measure("features gradients \(subject.label)") {
            let points = points[0..<images]
            let whole = try predictor(subject.fullWeights, on: 0)
            let outputs = try whole.predictions(at: points)
            let classes =
                labels.map { Array($0[..<images]) } ?? Labels.predicted(outputs.elements, outputs: self.outputs)
            let loss = AttackObjective(loss: .crossEntropy)
            let derivatives = classes.indices.map { i in
                loss.derivative(outputs.elements[i * self.outputs..<(i + 1) * self.outputs], label: classes[i])
            }
            let gradients = try await carrierGradients(points)
            try exportLoss(whole, points, classes, derivatives)
            try exportParts(gradients, derivatives)
            if self.outputs == 1 { try exportAlphas(carried, classes, derivatives) }
            try exportGradients(gradients, classes)
        }
    }

    /// ∇g of every feature at the images, [r][images · d].
    private func carrierGradients(_ points: Tensor<Double>) async throws -> [[Double]] {
        let groups = groups
        let m = points.count
        let parts = try await team.map(
            groups.count, observer: stages.progress("features gradients \(subject.label)", unit: "batches")
        ) { device, piece in
            let weights = try features.carriers(Array(indices[groups[piece]]))
            let gradients = try predictor(weights, on: device).gradients(at: points)
            return Self.byFeature(gradients.elements, features: groups[piece].count, images: m)
        }
        return parts.flatMap { $0 }
    }

    /// [images, r, d] as [r][images · d].
    private static func byFeature(_ elements: [Double], features r: Int, images: Int) -> [[Double]] {
        let d = elements.count / max(r * images, 1)
        return (0..<r).map { feature in
            var own: [Double] = []
            for image in 0..<images {
                let start = (image * r + feature) * d
                own += elements[start..<start + d]
            }
            return own
        }
    }

    private func exportGradients(_ gradients: [[Double]], _ classes: [Int]) throws {
        try export(gradients, "feature_gradients") { place, image in
            outputs == 1 ? factors[place][0] : factors[place][classes[image]]
        }
    }

    /// Σ_c (∂L/∂f_c)(f_∞) ∇f⁽ⁱ⁾_c: for a binary task α_i ∇L(f⁽ⁱ⁾, y).
    private func exportParts(_ gradients: [[Double]], _ derivatives: [[Double]]) throws {
        try export(gradients, "loss_gradient_parts") { place, image in
            zip(derivatives[image], factors[place]).reduce(0) { $0 + $1.0 * $1.1 }
        }
    }

    /// Writes [r, images, …] of gradients times factors.
    private func export(
        _ gradients: [[Double]], _ name: String, _ factor: (Int, Int) -> Double
    ) throws {
        let d = points.stride
        let images = min(section.images, points.count)
        var elements: [Double] = []
        elements.reserveCapacity(gradients.count * images * d)
        for (place, gradient) in gradients.enumerated() {
            for image in 0..<images {
                let factor = factor(place, image)
                for j in image * d..<(image + 1) * d { elements.append(factor * gradient[j]) }
            }
        }
        try stages.folder.export(
            Tensor(shape: [gradients.count, images] + points.shape.dropFirst(), elements: elements),
            name + subject.suffix, stages.precision)
    }

    /// ∇L(f_∞, y), and what FGSM makes of it.
    private func exportLoss(
        _ whole: KernelPredictor, _ points: Tensor<Double>, _ classes: [Int], _ derivatives: [[Double]]
    ) throws {
        let gradients = try whole.gradients(at: points)
        let d = points.stride
        var elements = [Double](repeating: 0, count: points.elements.count)
        for (image, derivative) in derivatives.enumerated() {
            for (c, factor) in derivative.enumerated() {
                for j in 0..<d {
                    elements[image * d + j] += factor * gradients.elements[(image * outputs + c) * d + j]
                }
            }
        }
        try stages.folder.export(
            Tensor(shape: points.shape, elements: elements), "loss_gradients\(subject.suffix)", stages.precision)
        let threat = ThreatModel(eps: section.eps[0], box: section.clip)
        let moved = try FGSM().perturb(
            AttackBatch(points: points, labels: classes), of: whole, within: threat, control: AttackControl())
        let steps = zip(moved.points.elements, points.elements).map { $0 - $1 }
        try stages.folder.export(
            Tensor(shape: points.shape, elements: steps), "adversarial_steps\(subject.suffix)", stages.precision)
    }

    /// α_i = σ(−y f_∞) / σ(−y f⁽ⁱ⁾) of eq. 10.
    private func exportAlphas(_ carried: Tensor<Double>, _ classes: [Int], _ derivatives: [[Double]]) throws {
        let loss = AttackObjective(loss: .crossEntropy)
        let alphas = factors.indices.flatMap { place in
            classes.indices.map { image in
                let f = factors[place][0] * carried.elements[image * carried.stride + place]
                return derivatives[image][0] / loss.derivative([f], label: classes[image])[0]
            }
        }
        try stages.folder.export(
            Tensor(shape: [factors.count, classes.count], elements: alphas), "feature_alphas\(subject.suffix)", .float64
        )
    }
}
