import Compute
import TangentKernels

/// A finite net without its parameters: what its layers do, and where their parameters lie.
package struct NetworkPlan: Sendable {
    package let input: ImageShape
    /// Numbers per prediction.
    package let outputs: Int
    /// In the order of layers, weights before bias of each; they follow each other without gaps.
    package let parameters: [ParameterArray]
    let modules: ModuleSequence

    package var parameterCount: Int { parameters.last?.range.upperBound ?? 0 }

    /// - Parameters:
    ///   - architecture: the same that makes an infinitely wide net; its last dense or conv has `outputs` outputs.
    ///   - input: of one point; a vector is an image of one pixel.
    /// - Throws: ``ArchitectureError`` where a layer has no finite form, cannot follow its predecessor or has no width.
    package init(
        _ architecture: Architecture, input: ImageShape, outputs: Int, widths: Widths,
        parameterization: Parameterization = .ntk
    ) throws(ArchitectureError) {
        (modules, parameters) = try NetworkBuilder.build(
            architecture.layers, input: input, outputs: outputs, widths: widths, parameterization: parameterization)
        self.input = input
        self.outputs = outputs
    }

    /// Fresh parameters; they depend on nothing but the plan, the initialization and the seed.
    package func initialParameters(_ initialization: Initialization, seed: UInt64) -> [Double] {
        parameters.flatMap { $0.initialNumbers(initialization, seed: seed) }
    }
}
