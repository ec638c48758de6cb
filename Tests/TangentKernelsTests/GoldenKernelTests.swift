import Compute
import TangentKernels
import TestSupport
import Testing

/// Kernels and input gradients of every net of the reference data, on every backend, in both precisions.
@Suite(.enabled(if: Golden.isPresent, "reference data are absent: set NTK_GOLDEN"))
struct GoldenKernelTests {
    private static let skipped = GoldenCase.all.skipped
    private static let nets = GoldenCase.all.runnable + GoldenCase.pooled

    @Test(.enabled(if: skipped == nil, Comment(rawValue: skipped ?? "")))
    func everyCaseRuns() { #expect(GoldenCase.pooled.count == 5) }

    private func check(
        _ name: String, _ found: [Double], _ wanted: [Double], of array: [Double], within bound: Double,
        _ location: SourceLocation = #_sourceLocation
    ) {
        let error = Distance.absolute(found, wanted) / (array.map(abs).max() ?? 0)
        #expect(error <= bound, "\(name)", sourceLocation: location)
    }

    @Test(arguments: nets, TestBackends.all)
    func kernels(of net: GoldenCase, on backend: TestBackend) async throws {
        let (inputs, arrays) = (try net.inputs(), try net.arrays())
        let (x, z) = (try inputs.tensor("X"), try inputs.tensor("Z"))
        for precision in Precision.allCases {
            let assembly = GramAssembly(
                program: try net.program(for: x), precision: precision, backends: [try backend.make()])
            let bound =
                net.hasDegeneratePatches ? Tolerance.degenerateKernel(precision) : Tolerance.kernel(precision)
            for (name, points) in [("xx", x), ("zz", z)] {
                let matrices = try await assembly.symmetric(points, [.nngp, .ntk]).matrices
                for kind in CovarianceKind.allCases {
                    let label = "\(kind)_\(name), \(precision)"
                    let found = try #require(matrices[kind]).tensor()
                    let wanted = try arrays.tensor("\(kind)_\(name)")
                    check(label, found.offDiagonal, wanted.offDiagonal, of: wanted.elements, within: bound)
                    let isExact = kind == .ntk && name == "xx" && arrays.contains("ntk_diag_exact")
                    check(
                        "diagonal of \(label)", found.diagonal,
                        isExact ? try arrays.tensor("ntk_diag_exact").elements : wanted.diagonal, of: wanted.elements,
                        within: isExact ? bound : Tolerance.referenceDiagonal(precision))
                }
            }
            let matrices = try await assembly.rectangular(z, x, [.nngp, .ntk]).matrices
            for kind in CovarianceKind.allCases {
                let found = try #require(matrices[kind]).tensor()
                let wanted = try arrays.tensor("\(kind)_zx")
                check("\(kind)_zx, \(precision)", found.elements, wanted.elements, of: wanted.elements, within: bound)
            }
        }
    }

    @Test(arguments: nets, TestBackends.all)
    func gradients(of net: GoldenCase, on backend: TestBackend) throws {
        let (inputs, arrays) = (try net.inputs(), try net.arrays())
        let (x, z) = (try inputs.tensor("X"), try inputs.tensor("Z"))
        let weights = try inputs.tensor("c").reshaped([x.count, 1])
        for precision in Precision.allCases {
            let backend = try backend.make()
            let training = try backend.prepare(net.program(for: x), inputs: x, precision)
            for kind in CovarianceKind.allCases {
                let predictor = try KernelPredictor(kind, training: training, weights: weights, backend: backend)
                let wanted = try arrays.tensor("grad_\(kind)")
                let found = try predictor.gradients(at: z)
                #expect(found.shape == [z.count, 1] + z.shape.dropFirst())
                check(
                    "grad_\(kind), \(precision)", found.elements, wanted.elements, of: wanted.elements,
                    within: net.hasDegeneratePatches
                        ? Tolerance.degenerateGradient(precision) : Tolerance.gradient(precision))
            }
        }
    }
}
