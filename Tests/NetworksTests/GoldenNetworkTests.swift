import Compute
import Networks
import TestSupport
import Testing

/// Finite nets against what neural_tangents and jax computed in float64.
@Suite(.enabled(if: Golden.isPresent, "reference data are absent: set NTK_GOLDEN"))
struct GoldenNetworkTests {
    /// float64: a few ulp per layer and step. float32: the parameters are rounded, and rounding adds up over 20 steps.
    private static func bound(_ precision: Precision) -> Double { precision == .float64 ? 1e-12 : 2e-5 }

    private static func network(
        _ example: EmpiricalCase, _ backend: any Backend, _ precision: Precision
    ) throws -> Network {
        let plan = try NetworkPlan(
            example.architecture(), input: example.input, outputs: example.classes, widths: .each([]),
            parameterization: #require(Parameterization(rawValue: example.parameterization)))
        return try Network(
            plan, parameters: example.parameters("param0"), backend: backend, precision: precision)
    }

    @Test(arguments: EmpiricalCase.all, NetworkBackend.available)
    func outputsAndGradients(of example: EmpiricalCase, on backend: NetworkBackend) throws {
        let archive = try example.arrays()
        for precision in Precision.allCases {
            let bound = Self.bound(precision)
            let backend = try backend.make()
            let network = try Self.network(example, backend, precision)
            for name in ["x", "z"] {
                let points = try archive.tensor(name.uppercased())
                let found = try network.predictions(at: points, batchSize: 3)
                let wanted = try archive.tensor("f_\(name)")
                #expect(found.shape == wanted.shape)
                #expect(Distance.relative(found.elements, to: wanted.elements) < bound, "f_\(name)")
            }
            let points = try archive.tensor("X")
            let buffer = try backend.upload(points.elements, as: precision)
            let targets = try backend.upload(example.targets(), as: precision)
            let evaluation = try network.evaluate(buffer, count: points.count)
            let values = try evaluation.loss(.crossEntropy, targets: targets)
            let mean = values.losses.reduce(0, +) / Double(points.count)
            #expect(abs(mean - (try archive.tensor("loss0").elements[0])) < bound)
            let gradient = try backend.allocate(network.plan.parameterCount, precision)
            try evaluation.parameterGradient(cotangents: values.cotangents, into: gradient)
            #expect(
                Distance.relative(try backend.download(gradient), to: try example.parameters("gradparam0")) < bound)
            let input = try backend.download(evaluation.inputGradient(cotangents: values.cotangents))
            #expect(Distance.relative(input, to: try archive.tensor("grad_x0").elements) < bound)
        }
    }

    @Test(arguments: EmpiricalCase.all, NetworkBackend.available)
    func training(of example: EmpiricalCase, on backend: NetworkBackend) throws {
        let archive = try example.arrays()
        for precision in Precision.allCases {
            let bound = Self.bound(precision)
            let backend = try backend.make()
            let network = try Self.network(example, backend, precision)
            let descent = try GradientDescent(network, loss: .crossEntropy)
            let points = try archive.tensor("X")
            let buffer = try backend.upload(points.elements, as: precision)
            let targets = try backend.upload(example.targets(), as: precision)
            var losses: [Double] = []
            for step in 0...example.sgdSteps {
                if step == 3 {
                    let found = try backend.download(network.parameters)
                    #expect(Distance.relative(found, to: try example.parameters("param3")) < bound)
                }
                let values = try descent.step(points: buffer, targets: targets, count: points.count, rate: example.lr)
                losses.append(values.losses.reduce(0, +) / Double(points.count))
            }
            #expect(Distance.relative(losses, to: try archive.tensor("losses").elements) < bound)
        }
    }
}
