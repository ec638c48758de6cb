import Compute
import TestSupport
import Testing

@testable import Networks

/// Both parameterizations and all initializations, for nets that together hold every layer, residuals among them.
@Suite struct ParameterizationTests {
    private static func pair(
        _ example: RandomNetwork, _ initialization: Initialization, _ backend: any Backend
    ) throws -> (ntk: Network, standard: Network) {
        func network(_ parameterization: Parameterization) throws -> Network {
            var example = example
            example.parameterization = parameterization
            let parameters = try example.plan().initialParameters(initialization, seed: 8)
            return try example.network(backend, .float64, parameters: parameters)
        }
        return (try network(.ntk), try network(.standard))
    }

    /// The standard deviation of what an input is multiplied with: σ_w/√fan_in, 1/√fan_in or √(2/fan_in), the fan-in of a
    /// convolution being window times channels.
    @Test(arguments: RandomNetwork.all, Parameterization.allCases)
    func deviations(of example: RandomNetwork, parameterization: Parameterization) throws {
        var example = example
        example.parameterization = parameterization
        for array in try example.plan().parameters {
            let fanIn = Double(array.shape.dropLast().reduce(1, *))
            func deviation(_ initialization: Initialization) -> Double {
                array.initialDeviation(initialization) * array.scale
            }
            switch array.role {
            case .weights:
                let weightStd = array.shape.count == 4 ? 1.4 : 1.3
                #expect(abs(deviation(.ntk) - weightStd / fanIn.squareRoot()) < 1e-15)
                #expect(abs(deviation(.lecun) - 1 / fanIn.squareRoot()) < 1e-15)
                #expect(abs(deviation(.he) - (2 / fanIn).squareRoot()) < 1e-15)
                #expect(
                    parameterization == .standard ? array.scale == 1 : array.scale == weightStd / fanIn.squareRoot())
            case .bias:
                #expect(deviation(.lecun) == 0 && deviation(.he) == 0 && deviation(.ntk) > 0)
            }
        }
    }

    /// With one seed both are the same function at the start, and their parameter gradients differ by the scales.
    @Test(arguments: RandomNetwork.all, NetworkBackend.available)
    func bothAreTheSameFunction(of example: RandomNetwork, on backend: NetworkBackend) throws {
        let backend = try backend.make()
        let points = try backend.upload(example.points(3).elements, as: .float64)
        let cotangents = try backend.upload(example.cotangents(3), as: .float64)
        for initialization in Initialization.allCases {
            let (ntk, standard) = try Self.pair(example, initialization, backend)
            func results(_ network: Network) throws -> (outputs: [Double], gradient: [Double]) {
                let evaluation = try network.evaluate(points, count: 3)
                let gradient = try backend.allocate(network.plan.parameterCount, .float64)
                try evaluation.parameterGradient(cotangents: cotangents, into: gradient)
                return (try evaluation.predictions().elements, try backend.download(gradient))
            }
            let (scaled, plain) = (try results(ntk), try results(standard))
            #expect(Distance.relative(scaled.outputs, to: plain.outputs) < 1e-13, "\(initialization)")
            var wanted = plain.gradient
            for array in ntk.plan.parameters { for index in array.range { wanted[index] *= array.scale } }
            #expect(Distance.relative(scaled.gradient, to: wanted) < 1e-12, "\(initialization)")
        }
    }
}
