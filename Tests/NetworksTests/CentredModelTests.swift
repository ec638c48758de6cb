import Attacks
import Compute
import TestSupport
import Testing

@testable import Networks

/// What training has added to a net, as attacks see it.
@Suite struct CentredModelTests {
    @Test(arguments: NetworkBackend.available)
    func differenceOfTwoNets(on backend: NetworkBackend) throws {
        let backend = try backend.make()
        let example = RandomNetwork.all[3]
        let trained = try example.network(backend, .float64)
        let numbers = try backend.download(trained.parameters).enumerated().map { $1 + 0.01 * Double($0 % 7) }
        let initial = try Network(trained.plan, parameters: numbers, backend: backend, precision: .float64)
        let points = example.points(3)
        let buffer = try backend.upload(points.elements, as: .float64)
        let cotangents = Tensor(
            shape: [3, example.outputs], elements: (0..<3 * example.outputs).map { Double($0 % 5) - 1.5 })

        let centred = CentredModel(trained, initial: initial)
        let linear = try centred.linearize(buffer, count: 3)
        let (f, g) = try (trained.linearize(buffer, count: 3), initial.linearize(buffer, count: 3))
        let predictions = zip(f.predictions.elements, g.predictions.elements).map { $0 - $1 }
        #expect(linear.predictions.elements == predictions && predictions.contains { abs($0) > 1e-6 })
        let alone = try centred.predict(buffer, count: 3)
        #expect(Distance.relative(alone.elements, to: predictions) < 1e-12)
        func gradient(_ model: any LinearizedModel) throws -> [Double] {
            try backend.download(model.inputGradient(cotangents: cotangents))
        }
        let difference = zip(try gradient(f), try gradient(g)).map { $0 - $1 }
        let found = try gradient(linear)
        #expect(Distance.absolute(found, difference) < 1e-13 && difference.contains { abs($0) > 1e-6 })

        // Before training there is nothing.
        let nothing = try CentredModel(trained, initial: trained).linearize(buffer, count: 3)
        let slopes = try gradient(nothing)
        #expect(nothing.predictions.elements.allSatisfy { $0 == 0 } && slopes.allSatisfy { $0 == 0 })
    }
}
