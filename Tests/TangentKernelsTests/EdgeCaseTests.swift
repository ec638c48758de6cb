import Compute
import TangentKernels
import TestSupport
import Testing

/// Dense nets at duplicates, negatives, near-duplicates, zero and norms of 2^±20, against 50-digit arithmetic.
@Suite(.enabled(if: Golden.isPresent, "reference data are absent: set NTK_GOLDEN"))
struct EdgeCaseTests {
    static let cases = GoldenCase.edge.filter { $0.data == "data_edge_vec" }.runnable
    /// Inputs 1e-7 apart, or apart from the negative.
    static let closePairs: Set<[Int]> = [[1, 11], [11, 1], [5, 11], [11, 5]]

    @Test func theCasesAreThere() { #expect(Self.cases.count == 5) }

    @Test(arguments: cases, TestBackends.all)
    func kernels(of net: GoldenCase, on backend: TestBackend) async throws {
        let (x, arrays) = (try net.inputs().tensor("X"), try net.arrays())
        for precision in Precision.allCases {
            let assembly = GramAssembly(
                program: try net.program(for: x), precision: precision, backends: [try backend.make()])
            let matrices = try await assembly.symmetric(x, [.nngp, .ntk]).matrices
            for kind in CovarianceKind.allCases {
                let wanted = try arrays.tensor("\(kind)_xx")
                let found = try #require(matrices[kind]).tensor()
                let error = Distance.absolute(found.relative(to: wanted), wanted.relative(to: wanted))
                #expect(error <= Tolerance.edgeKernel(precision), "\(kind), \(precision)")
            }
        }
    }

    @Test(arguments: cases, TestBackends.all)
    func gradients(of net: GoldenCase, on backend: TestBackend) throws {
        let (x, arrays) = (try net.inputs().tensor("X"), try net.arrays())
        let wanted = try arrays.tensor("jac")
        let (n, d) = (x.count, x.stride)
        // One output per column: output j is Θ(·, x_j).
        let identity = Tensor(shape: [n, n], elements: (0..<n * n).map { $0 % (n + 1) == 0 ? 1.0 : 0.0 })
        for precision in Precision.allCases {
            let backend = try backend.make()
            let training = try backend.prepare(net.program(for: x), inputs: x, precision)
            let predictor = try KernelPredictor(.ntk, training: training, weights: identity, backend: backend)
            let found = try predictor.gradients(at: x)
            #expect(found.elements.allSatisfy { $0.isFinite }, "\(precision)")
            for i in 0..<n {
                for j in 0..<n {
                    let isClose = Self.closePairs.contains([i, j])
                    if isClose && precision == .float32 { continue }
                    let range = (i * n + j) * d..<(i * n + j + 1) * d
                    let error = Distance.relative(
                        Array(found.elements[range]), to: Array(wanted.elements[range]))
                    let bound = isClose ? Tolerance.closeEdgeGradient : Tolerance.edgeGradient(precision)
                    #expect(error <= bound, "pair (\(i), \(j)), \(precision)")
                }
            }
        }
    }
}
