import Compute

extension EmpiricalNTK {
    /// Floating-point operations of the kernel of `points` points with themselves, what is mirrored counted once: a
    /// forward pass, a reverse pass per output, derivatives and contractions.
    package static func flops(of plan: NetworkPlan, form: Form, points: Int) -> Double {
        let (n, k) = (Double(points), Double(plan.outputs))
        let pairs = n * (n + 1) / 2
        let outputPairs = form == .full ? k * k : k
        return plan.modules.affines.reduce(0) { sum, layer in
            let (p, c) = (Double(layer.output.pixels), Double(layer.output.channels))
            let product = n * layer.productFlops
            // In front of the first layer no cotangent is wanted.
            let passes = product * (1 + (layer.index > 0 ? k : 0))
            switch layer.cheaperContraction(form, outputs: plan.outputs, points: points) {
            case .jacobian:
                return sum + passes + k * product + 2 * Double(layer.parameterCount) * outputPairs * pairs
            case .patches:
                return sum + passes + 2 * p * p * (Double(layer.patch) + outputPairs * (c + 1)) * pairs
            }
        }
    }
}
