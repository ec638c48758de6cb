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
        let halving = Conv(filter: (3, 3), stride: (2, 2), weightStd: 1, biasStd: 0)
        #expect(
            message([Residual(main: [halving]), Flatten(), dense], side: 4)
                == "the branches of a residual end in images of 2 × 2 and 4 × 4; give them the same strides and padding"
        )
        #expect(
            message([Residual(main: [halving], shortcut: [halving]), Flatten(), dense], side: 4) == "no error")
    }

    @Test func readOutInsideAResidual() {
        #expect(
            message([Residual(main: [Flatten(), dense]), Flatten(), dense], side: 4)
                == "layer 'flatten' stands inside a residual; put it before or behind the residual")
        #expect(message([Flatten(), Residual(main: [Flatten(), dense])], side: 4) == "no error")
    }

    @Test func orderOfPixelLayers() {
        let conv = Conv(filter: (3, 3), weightStd: 1, biasStd: 0)
        let pool = AvgPool(window: (2, 2), stride: (2, 2))
        #expect(
            message([conv, dense], side: 4) == "layer 'dense' reads an image of 4 × 4; put flatten before it")
        #expect(
            message([conv, Flatten(), conv], side: 4)
                == "layer 'conv' has no image to read; put it before flatten or global_avg_pool")
        #expect(
            message([conv, Relu()], side: 4)
                == "the net ends in an image of 4 × 4; end it with flatten or global_avg_pool, and dense")
        #expect(message([conv, Flatten(), dense, Relu(), dense], side: 4) == "no error")
        #expect(message([conv, GlobalAvgPool(), Relu(), Residual(main: [dense]), LayerNorm()], side: 4) == "no error")
        #expect(
            message([conv, Flatten(), dense, pool], side: 4)
                == "layer 'avg_pool' has no image to read; put it before flatten or global_avg_pool")
        #expect(
            message([conv, Flatten(), dense, GlobalAvgPool()], side: 4)
                == "layer 'global_avg_pool' has no pixels left to read out; remove it")
        #expect(
            message([conv, AvgPool(window: (2, 2), stride: (2, 2), padding: .same), GlobalAvgPool(), dense], side: 5)
                == "no error")
        #expect(message([Residual(main: [conv, pool], shortcut: [pool]), Flatten(), dense], side: 4) == "no error")
        #expect(
            message([Residual(main: [conv, pool]), Flatten(), dense], side: 4)
                == "the branches of a residual end in images of 2 × 2 and 4 × 4; give them the same strides and padding"
        )
        #expect(
            message([conv, AvgPool(window: (5, 5), stride: (1, 1)), Flatten(), dense], side: 4)
                == "layer 'avg_pool' of 5 × 5 does not fit an image of 4 × 4")
        #expect(
            message([Conv(filter: (5, 5), padding: .valid, weightStd: 1, biasStd: 0), Flatten(), dense], side: 4)
                == "layer 'conv' of 5 × 5 does not fit an image of 4 × 4")
        #expect(message([conv, pool, Relu(), GlobalAvgPool(), dense], side: 4) == "no error")
    }

    @Test func geometryIsTheSmallestThatTheReadOutNeeds() throws {
        let conv = Conv(filter: (3, 3), weightStd: 1, biasStd: 0)
        func geometry(_ layers: [any Layer]) throws -> CovarianceProgram.Geometry {
            try Architecture(layers).program(height: 4, width: 4, channels: 1).geometry
        }
        #expect(try geometry([Flatten(), dense, Relu(), dense]) == .scalar)
        #expect(try geometry([conv, Relu(), Flatten(), dense]) == .diagonal)
        #expect(try geometry([conv, Relu(), GlobalAvgPool(), dense]) == .full)
        #expect(
            try geometry([conv, AvgPool(window: (2, 2), stride: (2, 2)), Relu(), Flatten(), dense]) == .full)
    }

    @Test func nothingToLearn() {
        #expect(
            message([Flatten(), Relu()])
                == "an architecture without dense or conv has no weights, so its NTK is zero; add dense")
        #expect(message([Residual(main: [Relu()])]).hasPrefix("an architecture without dense or conv"))
    }

    @Test func nesting() {
        #expect(message([nested(7)]) == "no error")
        #expect(message([nested(8)]) == "residual blocks are nested more than 7 deep; flatten the nesting")
    }
}
