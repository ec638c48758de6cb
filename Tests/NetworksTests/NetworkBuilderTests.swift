import Compute
import TangentKernels
import Testing

@testable import Networks

/// What layers become, and why some become no finite net.
@Suite struct NetworkBuilderTests {
    private let dense = Dense(weightStd: 2, biasStd: 0.5)
    private let conv = Conv(filter: (3, 3), weightStd: 1, biasStd: 0)
    private let image = ImageShape(height: 4, width: 4, channels: 3)

    private func plan(
        _ layers: [any Layer], _ widths: Widths = .uniform(8), _ parameterization: Parameterization = .ntk
    ) throws(ArchitectureError) -> NetworkPlan {
        try NetworkPlan(
            Architecture(layers), input: image, outputs: 10, widths: widths, parameterization: parameterization)
    }

    private func message(_ layers: [any Layer], _ widths: Widths = .uniform(8)) -> String {
        do throws(ArchitectureError) {
            _ = try plan(layers, widths)
            return "no error"
        } catch {
            return error.description
        }
    }

    @Test func parametersInTheOrderOfLayers() throws {
        let plan = try plan([conv, Relu(), Flatten(), Dense(weightStd: 1, biasStd: 1, width: 6), Relu(), dense])
        #expect(plan.parameters.map(\.shape) == [[3, 3, 3, 8], [128, 6], [6], [6, 10], [10]])
        #expect(plan.parameters.map(\.role) == [.weights, .weights, .bias, .weights, .bias])
        #expect(plan.parameters.map(\.layer) == [0, 1, 1, 2, 2])
        for (former, next) in zip(plan.parameters, plan.parameters.dropFirst()) {
            #expect(former.range.upperBound == next.offset)
        }
        #expect(plan.parameterCount == 216 + 768 + 6 + 60 + 10)
        #expect(plan.modules.affines.map(\.index) == [0, 1, 2])
    }

    @Test func widths() throws {
        let layers: [any Layer] = [
            conv, Residual(main: [conv, Relu()], shortcut: [conv]), Flatten(), dense, Relu(), dense,
        ]
        let plan = try plan(layers, .each([5, 6, 6, 7]))
        #expect(plan.modules.affines.map(\.output.channels) == [5, 6, 6, 7, 10])
        #expect(
            message(layers, .each([5, 6]))
                == "there are 2 widths, and hidden layer 3, a 'conv', has none; give one width for each")
        #expect(
            message(layers, .each([5, 6, 6, 7, 8]))
                == "there are 5 widths for 4 hidden layers that need one; give one width for each")
        #expect(
            message(layers, .each([5, 6, 7, 7]))
                == "the branches of a residual end in 4 × 4 × 6 and 4 × 4 × 7 numbers; give them the same strides, "
                + "padding and widths")
    }

    @Test func scales() throws {
        let ntk = try #require(try plan([Flatten(), dense]).modules.affines.first)
        #expect(ntk.weightScale == 2 / 48.0.squareRoot() && ntk.biasScale == 0.5)
        let standard = try #require(try plan([Flatten(), dense], .uniform(8), .standard).modules.affines.first)
        #expect(standard.weightScale == 1 && standard.biasScale == 1)
    }

    /// Whatever the parameterization, effective weights are drawn alike.
    @Test(arguments: Parameterization.allCases)
    func initialDeviations(parameterization: Parameterization) throws {
        let plan = try plan([Flatten(), dense], .uniform(8), parameterization)
        let affine = try #require(plan.modules.affines.first)
        let bias = try #require(affine.bias)
        func effective(_ initialization: Initialization) -> (Double, Double) {
            (
                affine.weights.initialDeviation(initialization) * affine.weightScale,
                bias.initialDeviation(initialization) * affine.biasScale
            )
        }
        #expect(effective(.ntk) == (2 / 48.0.squareRoot(), 0.5))
        #expect(effective(.lecun) == (1 / 48.0.squareRoot(), 0))
        #expect(effective(.he) == ((2 / 48.0).squareRoot(), 0))
    }

    /// Mean, variance and fourth moment of 100,000 numbers, each within five standard errors.
    @Test func freshNumbersAreNormal() throws {
        let plan = try NetworkPlan(
            Architecture([Dense(weightStd: 1, biasStd: 0)]), input: ImageShape(channels: 1000), outputs: 100,
            widths: .each([]))
        let numbers = plan.initialParameters(.ntk, seed: 3)
        #expect(numbers == plan.initialParameters(.ntk, seed: 3))
        #expect(numbers != plan.initialParameters(.ntk, seed: 4))
        func moment(_ power: Int) -> Double {
            numbers.reduce(0) { sum, x in sum + (0..<power).reduce(1) { product, _ in product * x } } / 100_000
        }
        let error = 5 / 100_000.0.squareRoot()
        #expect(abs(moment(1)) < error)
        #expect(abs(moment(2) - 1) < 2.0.squareRoot() * error)
        #expect(abs(moment(4) - 3) < 96.0.squareRoot() * error)
    }

    @Test func senselessNets() {
        #expect(
            message([Flatten(), Relu()])
                == "a finite net needs a dense or conv outside of residuals as its read-out; add dense")
        #expect(message([dense]) == "layer 'dense' reads an image of 4 × 4; put flatten before it")
        #expect(
            message([conv])
                == "the net ends in 4 × 4 × 10 numbers, not in 10; end it with flatten or global_avg_pool, and dense")
        let large = Conv(filter: (5, 5), padding: .valid, weightStd: 1, biasStd: 0)
        #expect(message([large]) == "layer 'conv' of 5 × 5 does not fit an image of 4 × 4")
        #expect(message([conv, GlobalAvgPool()]) == "no error")
    }

    @Test func aMaximumHasNoKernel() {
        let net = Architecture([MaxPool(window: (2, 2), stride: (2, 2)), Flatten(), dense])
        do {
            _ = try net.program(height: 4, width: 4, channels: 3)
            Issue.record("no error")
        } catch {
            #expect(
                "\(error)"
                    == "layer 'max_pool' has no closed-form kernel, so it stands in finite nets only; use avg_pool"
            )
        }
    }
}
