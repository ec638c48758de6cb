import TangentKernels
import Testing

/// The plan as `ntk config show` prints it.
@Suite struct PlanSummaryTests {
    private let conv = Conv(filter: (3, 3), weightStd: 1, biasStd: 0)
    private let dense = Dense(weightStd: 1, biasStd: 0)

    private func text(_ layers: [any Layer]) throws -> String {
        "\(PlanSummary(try Architecture(layers).program(height: 4, width: 4, channels: 3)))"
    }

    @Test func aDenseNet() throws {
        #expect(
            try text([Flatten(), dense, Relu(), dense]) == """
                dense  scalar, 1 number
                relu   scalar, 1 number
                dense  scalar, 1 number
                about 131 flops per pair
                """)
    }

    @Test func aNetReadOutByFlatten() throws {
        #expect(
            try text([conv, Erf(), Flatten(), dense, LeakyRelu(alpha: 0.5), dense]) == """
                conv 3×3         diagonal, 16 numbers
                erf              diagonal, 16 numbers
                flatten          scalar, 1 number
                dense            scalar, 1 number
                abrelu 0.5, 1.0  scalar, 1 number
                dense            scalar, 1 number
                about 931 flops per pair
                """)
    }

    @Test func aNetWithPools() throws {
        let pool = AvgPool(window: (2, 2), stride: (2, 2))
        #expect(
            try text([conv, Residual(main: [Relu(), conv]), pool, LayerNorm(), Gelu(), Flatten(), dense]) == """
                conv 3×3            full, 256 numbers
                residual: main      full, 256 numbers
                relu                full, 256 numbers
                conv 3×3            full, 256 numbers
                residual: shortcut  full, 256 numbers
                residual: sum       full, 256 numbers
                avg_pool 2×2        diagonal, 4 numbers
                layer_norm          diagonal, 4 numbers
                gelu                diagonal, 4 numbers
                flatten             scalar, 1 number
                dense               scalar, 1 number
                about 14536 flops per pair
                """)
        #expect(
            try text([conv, SumPool(window: (2, 1), stride: (2, 1)), Abs(), GlobalAvgPool(), dense]) == """
                conv 3×3          full, 256 numbers
                sum_pool 2×1      full, 64 numbers
                abrelu -1.0, 1.0  full, 64 numbers
                global_avg_pool   scalar, 1 number
                dense             scalar, 1 number
                about 4736 flops per pair
                """)
    }
}
