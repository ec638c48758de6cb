import Compute
import Foundation
import Testing

@testable import Inference

/// Seconds of large solves, printed; runs only where `NTK_MEASURE` is set.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["NTK_MEASURE"] != nil), .serialized)
struct SolveSpeedTests {
    private func gram(_ n: Int) throws -> HostMatrix {
        let matrix = try HostMatrix(rows: n, columns: n, precision: .float32)
        matrix.withElements(as: Float.self) { elements in
            for i in 0..<n { for j in 0...i { elements[i * n + j] = i == j ? 1.5 : 1 / (1 + Float(i - j) * 0.01) } }
        }
        return matrix
    }

    @Test(arguments: [(KernelRegression.Solver.cholesky, 4000), (.cg, 4000), (.eigh, 2000)])
    func seconds(solver: KernelRegression.Solver, n: Int) throws {
        let regression = try KernelRegression(
            gram: gram(n), targets: Matrices.targets(n, 1, seed: 1), options: .init(solver: solver))
        _ = try regression.weights(at: .infinity)
        print(solver.rawValue, n, regression.solutions)
    }
}
