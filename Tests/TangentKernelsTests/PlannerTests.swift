import Compute
import TangentKernels
import Testing

/// Which programs layers become, and why some become none.
@Suite struct PlannerTests {
    private let dense = Dense(weightStd: 1, biasStd: 0)

    private func message(_ layers: [any Layer], side: Int = 1) -> String {
        do throws(ArchitectureError) {
            _ = try Architecture(layers).program(height: side, width: side, channels: 3)
            return "no error"
        } catch {
            return error.description
        }
    }

    private func nested(_ depth: Int) -> any Layer {
        (0..<depth).reduce(dense as any Layer) { inner, _ in Residual(main: [inner]) }
    }

    @Test func aDenseNet() throws {
        let net = Architecture.fc(depth: 1, weightStd: 2, biasStd: 0.5)
        let program = try net.program(height: 4, width: 5, channels: 3)
        #expect(program.geometry == .scalar)
        #expect(program.input.count == 60)
        #expect(
            program.steps == [
                .dense(weightVariance: 4, biasVariance: 0.25), .abrelu(a: 0, b: 1),
                .dense(weightVariance: 4, biasVariance: 0.25),
            ])
        #expect(program.depth == 1)
    }

    @Test func aResidualBlockForksAndJoins() throws {
        let program = try Architecture([Residual(main: [dense, Relu()], shortcut: [Erf()])]).program(channels: 2)
        #expect(
            program.steps == [
                .fork, .dense(weightVariance: 1, biasVariance: 0), .abrelu(a: 0, b: 1), .exchange, .erf, .join,
            ])
        #expect(program.depth == 2)
    }

    @Test func slotsFollowEachOther() throws {
        let net = Architecture([dense, LayerNorm(), Residual(main: [Gelu(), dense]), Relu(), dense])
        let program = try net.program(channels: 2)
        for (index, step) in program.steps.enumerated() {
            #expect(program.slotOffsets[index + 1] - program.slotOffsets[index] == step.slotCount)
        }
        #expect(program.slotCount == program.slotOffsets[program.steps.count] + CovarianceStep.readoutSlotCount)
    }

    @Test func denseOnAnImage() {
        #expect(
            message([dense], side: 4) == "layer 'dense' reads an image of 4 × 4; put flatten before it")
        #expect(message([Flatten(), dense], side: 4) == "no error")
        #expect(message([dense]) == "no error")
    }

    @Test func branchesOfDifferentShape() {
        #expect(
            message([Residual(main: [Flatten(), dense]), Flatten(), dense], side: 4)
                == "the branches of a residual end in different shapes; flatten both or neither")
        #expect(
            message([Residual(main: [Flatten(), dense], shortcut: [Flatten()]), dense], side: 4) == "no error")
    }

    @Test func nothingToLearn() {
        #expect(
            message([Flatten(), Relu()])
                == "an architecture without a dense layer has no weights, so its NTK is zero; add dense")
        #expect(message([Residual(main: [Relu()])]).hasPrefix("an architecture without a dense layer"))
    }

    @Test func nesting() {
        #expect(message([nested(7)]) == "no error")
        #expect(message([nested(8)]) == "residual blocks are nested more than 7 deep; flatten the nesting")
    }
}
