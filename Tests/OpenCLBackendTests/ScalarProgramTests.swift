import Compute
import Testing

@testable import OpenCLBackend

/// The text that stands for a program.
struct ScalarProgramTests {
    private static func program(_ steps: [CovarianceStep]) -> ScalarProgram {
        ScalarProgram(
            CovarianceProgram(geometry: .scalar, input: .init(height: 1, width: 1, channels: 3), steps: steps))
    }

    @Test func parametersAreNotPartOfTheText() {
        let first = Self.program([.dense(weightVariance: 2, biasVariance: 0.01), .abrelu(a: 0, b: 1)])
        let second = Self.program([.dense(weightVariance: 1, biasVariance: 0), .abrelu(a: -1, b: 1)])
        #expect(first.text == second.text)
        #expect(first.parameters != second.parameters)
        let line = "{ real row[] = {ROW(3)}, col[] = {COLUMN(3)}; abrelu_forward(&s0, row, col, p + 2); }"
        #expect(first.text.contains(line))
    }

    /// The main branch ends in `s1`, the shortcut in `s0`; what is joined goes on as the shortcut's state.
    @Test func branches() {
        let text = Self.program([.fork, .erf, .exchange, .gelu, .join, .layerNorm(eps: 1)]).text
        #expect(text.contains("pair s1 = s0;"))
        #expect(text.contains("erf_forward(&s1, row"))
        #expect(text.contains("gelu_forward(&s0, row"))
        #expect(text.contains("join_forward(&s0, &s1, row"))
        #expect(text.contains("layer_norm_forward(&s0, row"))
        #expect(text.contains("*s = s0;"))
        #expect(text.contains("join_variance(&v0, &v1, slot);"))
        #expect(text.contains("join_tangent(&s0, &d0, &s1, &d1, row"))
        #expect(text.contains("#define READOUT 18"))
    }
}
