import Compute
import TangentKernels
import TestSupport
import Testing

@testable import Networks

/// Contractions against products of parameter gradients, and the limit of wide nets.
@Suite struct EmpiricalNTKTests {
    /// Θ from one parameter gradient per point and output.
    private static func plain(
        _ example: RandomNetwork, _ network: Network, _ points: Tensor<Double>
    ) throws -> [Double] {
        let backend = network.backend
        var gradients: [[Double]] = []
        for point in 0..<points.count {
            let buffer = try backend.upload(points[point..<point + 1].elements, as: .float64)
            let evaluation = try network.evaluate(buffer, count: 1)
            for output in 0..<example.outputs {
                let unit = (0..<example.outputs).map { $0 == output ? 1.0 : 0 }
                let gradient = try backend.allocate(network.plan.parameterCount, .float64)
                try evaluation.parameterGradient(cotangents: backend.upload(unit, as: .float64), into: gradient)
                gradients.append(try backend.download(gradient))
            }
        }
        return gradients.flatMap { first in gradients.map { zip(first, $0).reduce(0) { $0 + $1.0 * $1.1 } } }
    }

    @Test(arguments: RandomNetwork.all, NetworkBackend.available)
    func productsOfGradients(of example: RandomNetwork, on backend: NetworkBackend) throws {
        let network = try example.network(backend.make(), .float64)
        let points = example.points(5)
        let wanted = try Self.plain(example, network, points)
        let (k, n) = (example.outputs, points.count)
        for limit in [1 << 30, 1 << 15] {
            let full = try EmpiricalNTK(network, form: .full, memoryLimit: limit).kernel(points)
            #expect(Distance.relative(full.tensor().elements, to: wanted) < 1e-13)
            let trace = try EmpiricalNTK(network, form: .trace, memoryLimit: limit).kernel(points)
            let means = (0..<n * n).map { index in
                (0..<k).reduce(0.0) { $0 + wanted[(index / n * k + $1) * n * k + index % n * k + $1] } / Double(k)
            }
            #expect(Distance.relative(trace.tensor().elements, to: means) < 1e-13)
            for matrix in [full, trace] {
                for i in 0..<matrix.rows { for j in 0..<i { #expect(matrix[i, j] == matrix[j, i]) } }
            }
        }
    }

    /// Both contractions of every layer give the same.
    @Test(arguments: RandomNetwork.all)
    func contractions(of example: RandomNetwork) throws {
        let network = try example.network(NetworkBackend.cpu.make(), .float64)
        let points = example.points(4)
        let wanted = try Self.plain(example, network, points)
        for contraction in [Contraction.jacobian, .patches] {
            let ntk = EmpiricalNTK(network, form: .full, contraction: contraction)
            #expect(Distance.relative(try ntk.kernel(points).tensor().elements, to: wanted) < 1e-13)
        }
    }

    /// The cheaper contraction is the one with fewer multiply-adds.
    @Test func costs() throws {
        let net = Architecture([
            Conv(filter: (3, 3), weightStd: 1, biasStd: 0), Relu(), Flatten(), Dense(weightStd: 1, biasStd: 0),
        ])
        func affines(_ side: Int) throws -> [Affine] {
            try NetworkPlan(
                net, input: ImageShape(height: side, width: side, channels: 64), outputs: 10, widths: .uniform(64)
            ).modules.affines
        }
        for form in EmpiricalNTK.Form.allCases {
            #expect(try affines(8)[1].cheaperContraction(form, outputs: 10, points: 256) == .patches)
            #expect(try affines(32)[0].cheaperContraction(form, outputs: 10, points: 256) == .jacobian)
            #expect(try affines(2)[0].cheaperContraction(form, outputs: 10, points: 256) == .patches)
        }
    }

    /// The NTK of fresh wide nets is that of the infinite one: its error falls like 1/√(width · nets).
    @Test func wideNetsApproachTheInfiniteKernel() throws {
        let architecture = Architecture.fc(depth: 1)
        let points = RandomArchitecture.inputs(4, 6, seed: 2, scale: 1...1)
        let backend = try NetworkBackend.cpu.make()
        let (width, nets) = (512, 16)
        let plan = try NetworkPlan(
            architecture, input: ImageShape(channels: 6), outputs: 4, widths: .uniform(width))
        var mean = [Double](repeating: 0, count: 16)
        for seed in 0..<nets {
            let network = try Network(
                plan, parameters: plan.initialParameters(.ntk, seed: UInt64(seed)), backend: backend,
                precision: .float64)
            let kernel = try EmpiricalNTK(network, form: .trace).kernel(points).tensor().elements
            for index in mean.indices { mean[index] += kernel[index] / Double(nets) }
        }
        for i in 0..<4 {
            for j in 0..<4 {
                let x = Array(points.elements[i * 6..<(i + 1) * 6])
                let y = Array(points.elements[j * 6..<(j + 1) * 6])
                let limit = try PlainCovariance.of(architecture, x, y)
                let scale =
                    try PlainCovariance.of(architecture, x, x).t.squareRoot()
                    * PlainCovariance.of(architecture, y, y).t.squareRoot()
                // A hidden unit's share varies by about its size: five standard errors.
                #expect(abs(mean[i * 4 + j] - limit.t) < 5 * scale / Double(width * nets).squareRoot())
            }
        }
    }
}
