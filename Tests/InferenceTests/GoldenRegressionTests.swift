import Compute
import Inference
import TestSupport
import Testing

/// Weights against those that were computed with neural_tangents' conventions.
@Suite(.enabled(if: Golden.isPresent, "reference data are absent: set NTK_GOLDEN"))
struct GoldenRegressionTests {
    private struct Extra: Decodable {
        let attack: [Case]
    }

    struct Case: Decodable, Sendable, CustomTestStringConvertible {
        let id: String
        let diagReg: Double
        let tFinite: Double

        var testDescription: String { id }
    }

    static var cases: [Case] { (try? Golden.decode(Extra.self, from: "extra.json").attack) ?? [] }

    @Test(arguments: cases, [Precision.float64, .float32])
    func weights(of example: Case, precision: Precision) throws {
        let archive = try Golden.archive(example.id)
        let gram = try archive.tensor("ntk_xx")
        let matrix = try HostMatrix(rows: gram.count, columns: gram.count, precision: precision)
        switch precision {
        case .float32: matrix.withElements(as: Float.self) { for i in $0.indices { $0[i] = Float(gram.elements[i]) } }
        case .float64: matrix.withElements(as: Double.self) { for i in $0.indices { $0[i] = gram.elements[i] } }
        }
        let regression = try KernelRegression(
            gram: matrix, targets: archive.tensor("Y"), options: .init(diagReg: example.diagReg))
        // Condition numbers reach 1e3: float64 keeps 1e-12 of the weights, entries rounded to float32 keep 1e-4.
        let bound = precision == .float64 ? 1e-11 : 1e-3
        for (name, time) in [("alpha_inf", Double.infinity), ("alpha_t", example.tFinite)] {
            let wanted = try archive.tensor(name)
            let found = try regression.weights(at: time)
            #expect(found.shape == wanted.shape)
            let scale = wanted.elements.map(abs).max() ?? 1
            let error = zip(found.elements, wanted.elements).map { abs($0 - $1) }.max() ?? 0
            #expect(error / scale < bound, "\(name)")
        }
    }
}
