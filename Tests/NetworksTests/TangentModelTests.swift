import Attacks
import Compute
import TangentKernels
import TestSupport
import Testing

@testable import Networks

/// Derivatives along parameters, and models that are linear in them.
@Suite struct TangentModelTests {
    /// As in `NetworkGradientTests`: no relu and no maximum changes sides, (1e-4)⁴ times a fifth derivative and ε/1e-4 of
    /// rounding are left.
    private static let step = 1e-4
    private static let bound = 1e-9

    /// The derivative at 0 by differences of fourth order.
    private static func slope(_ value: (Double) throws -> [Double]) rethrows -> [Double] {
        let (up, down) = (try value(step), try value(-step))
        let (farUp, farDown) = (try value(2 * step), try value(-2 * step))
        return up.indices.map { (8 * (up[$0] - down[$0]) - (farUp[$0] - farDown[$0])) / (12 * step) }
    }

    private static func direction(_ count: Int, seed: UInt64 = 4) -> [Double] {
        var generator = SeededGenerator(seed: seed)
        return generator.numbers(count)
    }

    @Test(arguments: RandomNetwork.all, NetworkBackend.available)
    func alongParameters(of example: RandomNetwork, on backend: NetworkBackend) throws {
        let backend = try backend.make()
        let network = try example.network(backend, .float64)
        let points = try backend.upload(example.points(3).elements, as: .float64)
        let start = try backend.download(network.parameters)
        let direction = Self.direction(start.count)
        let found = try backend.download(
            network.evaluate(points, count: 3).outputTangent(along: backend.upload(direction, as: .float64)))
        let wanted = try Self.slope { h in
            try backend.write(zip(start, direction).map { $0 + h * $1 }, to: network.parameters)
            return try network.predict(points, count: 3).elements
        }
        #expect(Distance.relative(found, to: wanted) < Self.bound)
    }

    /// f(x; p₀) + ∂f(x; p₀)/∂p (p − p₀), its value and its gradient in x, some way from p₀.
    @Test(arguments: RandomNetwork.all, NetworkBackend.available)
    func inputGradients(of example: RandomNetwork, on backend: NetworkBackend) throws {
        let backend = try backend.make()
        let network = try example.network(backend, .float64)
        let points = example.points(2)
        let buffer = try backend.upload(points.elements, as: .float64)
        let start = try backend.download(network.parameters)
        let way = Self.direction(start.count)
        let outputs = try network.predict(buffer, count: 2).elements
        let change = try backend.download(
            network.evaluate(buffer, count: 2).outputTangent(along: backend.upload(way, as: .float64)))
        let cotangents = example.cotangents(2)
        for isCentred in [false, true] {
            let model = try network.linearized(isCentred: isCentred)
            try backend.write(zip(start, way).map { $0 + $1 }, to: model.parameters)
            let evaluation = try model.evaluate(buffer, count: 2)
            let wanted = isCentred ? change : zip(outputs, change).map { $0 + $1 }
            #expect(Distance.relative(try evaluation.predictions().elements, to: wanted) < 1e-13)
            #expect(try model.predict(buffer, count: 2).elements == evaluation.predictions().elements)
            let found = try backend.download(
                evaluation.inputGradient(cotangents: backend.upload(cotangents, as: .float64)))
            for seed: UInt64 in 1...3 {
                let along = Self.direction(points.elements.count, seed: seed)
                let slope = try Self.slope { h in
                    let moved = zip(points.elements, along).map { $0 + h * $1 }
                    let values = try model.predict(backend.upload(moved, as: .float64), count: 2).elements
                    return [zip(cotangents, values).reduce(0) { $0 + $1.0 * $1.1 }]
                }
                let product = zip(found, along).reduce(0) { $0 + $1.0 * $1.1 }
                #expect(abs(product - slope[0]) < Self.bound * max(1, abs(slope[0])), "centred: \(isCentred)")
            }
        }
    }

    /// The gradient in the parameters is that at p₀, wherever the model's parameters are.
    @Test(arguments: NetworkBackend.available)
    func parameterGradients(on backend: NetworkBackend) throws {
        let backend = try backend.make()
        let example = RandomNetwork.all[3]
        let network = try example.network(backend, .float64)
        let points = try backend.upload(example.points(3).elements, as: .float64)
        let cotangents = try backend.upload(example.cotangents(3), as: .float64)
        let model = try network.linearized(isCentred: false)
        try backend.write(Self.direction(network.plan.parameterCount), to: model.parameters)
        func gradient(_ network: Network) throws -> [Double] {
            let gradient = try backend.allocate(network.plan.parameterCount, .float64)
            try network.evaluate(points, count: 3).parameterGradient(cotangents: cotangents, into: gradient)
            return try backend.download(gradient)
        }
        #expect(try gradient(model) == gradient(network))
    }

    /// Θ times a vector is the same without the kernel, in batches that do not divide the points.
    @Test(arguments: RandomNetwork.all, NetworkBackend.available)
    func productsOfTheKernel(of example: RandomNetwork, on backend: NetworkBackend) throws {
        let network = try example.network(backend.make(), .float64)
        let (rows, columns) = (example.points(4, seed: 1), example.points(7, seed: 2))
        for form in EmpiricalNTK.Form.allCases {
            let ntk = EmpiricalNTK(network, form: form)
            let kernel = try ntk.kernel(rows, columns)
            let vector = Self.direction(kernel.columns)
            let found = try ntk.product(
                rows, columns, with: Tensor(shape: [vector.count], elements: vector), batchSize: 3)
            let wanted = (0..<kernel.rows).map { row in
                vector.indices.reduce(0.0) { $0 + kernel[row, $1] * vector[$1] }
            }
            #expect(found.shape == [4, form == .full ? example.outputs : 1])
            #expect(Distance.relative(found.elements, to: wanted) < 1e-12)
        }
    }
}
