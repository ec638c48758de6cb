import Compute
import Inference
import Networks
import TestSupport
import Testing

/// Empirical kernels and their course along training against the reference, in float64 on both backends.
@Suite(.enabled(if: Golden.isPresent, "reference data are absent: set NTK_GOLDEN"))
struct GoldenDynamicsTests {
    /// A few ulp per layer and step; the reference's implementations agreed to 1e-10.
    private static let bound = 1e-10
    /// Angles and distances of close kernels: 1 − cos keeps half of the digits.
    private static let angleBound = 1e-7

    private static func network(_ example: EmpiricalCase, _ backend: any Backend) throws -> Network {
        let plan = try NetworkPlan(
            example.architecture(), input: example.input, outputs: example.classes, widths: .each([]),
            parameterization: #require(Parameterization(rawValue: example.parameterization)))
        return try Network(
            plan, parameters: example.parameters("param0"), backend: backend, precision: .float64)
    }

    /// From [n, m, k, k] to [n k, m k].
    private static func interleaved(_ tensor: Tensor<Double>) -> [Double] {
        let (n, m, k) = (tensor.shape[0], tensor.shape[1], tensor.shape[2])
        var elements: [Double] = []
        for i in 0..<n {
            for a in 0..<k {
                for j in 0..<m {
                    for b in 0..<k { elements.append(tensor.elements[((i * m + j) * k + a) * k + b]) }
                }
            }
        }
        return elements
    }

    @Test(arguments: EmpiricalCase.all, NetworkBackend.available)
    func kernels(of example: EmpiricalCase, on backend: NetworkBackend) throws {
        let archive = try example.arrays()
        let network = try Self.network(example, backend.make())
        let (x, z) = (try archive.tensor("X"), try archive.tensor("Z"))
        // The second limit allows blocks of a point or two.
        for limit in [1 << 30, 1 << 14] {
            for form in EmpiricalNTK.Form.allCases {
                let ntk = EmpiricalNTK(network, form: form, memoryLimit: limit)
                let name = form == .full ? "ntk_full" : "ntk_tr"
                for (columns, suffix) in [(nil, "xx"), (z, "xz")] {
                    let found = try ntk.kernel(x, columns).tensor().elements
                    let reference = try archive.tensor("\(name)_\(suffix)")
                    let wanted = form == .full ? Self.interleaved(reference) : reference.elements
                    #expect(Distance.relative(found, to: wanted) < Self.bound, "\(name)_\(suffix), limit \(limit)")
                    var sum = [Double](repeating: 0, count: found.count)
                    for layer in try ntk.layerKernels(x, columns) {
                        for (index, value) in layer.tensor().elements.enumerated() { sum[index] += value }
                    }
                    #expect(Distance.relative(sum, to: found) < 1e-13, "layers of \(name)_\(suffix)")
                }
            }
        }
    }

    @Test(arguments: EmpiricalCase.all, NetworkBackend.available)
    func dynamics(of example: EmpiricalCase, on backend: NetworkBackend) throws {
        let archive = try example.arrays()
        let backend = try backend.make()
        let network = try Self.network(example, backend)
        let descent = try GradientDescent(network, loss: .crossEntropy)
        let points = try archive.tensor("X")
        let buffer = try backend.upload(points.elements, as: .float64)
        let targets = try backend.upload(example.targets(), as: .float64)
        var kernels: [EmpiricalNTK.Form: [HostMatrix]] = [:]
        for step in 0...example.sgdSteps {
            if example.dynamicsSteps.contains(step) {
                for form in EmpiricalNTK.Form.allCases {
                    kernels[form, default: []].append(try EmpiricalNTK(network, form: form).kernel(points))
                }
            }
            _ = try descent.step(points: buffer, targets: targets, count: points.count, rate: example.lr)
        }
        for form in EmpiricalNTK.Form.allCases {
            let prefix = form == .full ? "dyn_full" : "dyn_tr"
            func wanted(_ name: String) throws -> [Double] { try archive.tensor("\(prefix)_\(name)").elements }
            let course = try #require(kernels[form])
            let dynamics = KernelDynamics(course)
            #expect(Distance.relative(dynamics.norms, to: try wanted("fro")) < Self.bound)
            #expect(Distance.absolute(dynamics.distances.elements, try wanted("dist")) < Self.bound)
            #expect(Distance.absolute(dynamics.radii, try wanted("r")) < Self.angleBound)
            #expect(Distance.absolute(dynamics.angles, try wanted("theta")) < Self.angleBound)
            let spectra = try course.map { try Spectrum(of: $0) }
            #expect(Distance.relative(spectra.flatMap(\.eigenvalues), to: try wanted("eigvals")) < Self.bound)
            let concentrations = spectra.map { $0.concentration(top: 3) }
            #expect(Distance.absolute(concentrations, try wanted("conc_top3")) < Self.bound)
        }
    }
}
