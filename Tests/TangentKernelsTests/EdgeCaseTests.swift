import Compute
import TangentKernels
import TestSupport
import Testing

/// Nets at duplicates, negatives, near-duplicates, zero and norms of 2^±20, against 50-digit arithmetic.
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
        for precision in Precision.allCases {
            let found = try jacobian(net, x, precision, backend)
            #expect(found.allSatisfy { $0.isFinite }, "\(precision)")
            for i in 0..<n {
                for j in 0..<n {
                    let isClose = Self.closePairs.contains([i, j])
                    if isClose && precision == .float32 { continue }
                    let range = (i * n + j) * d..<(i * n + j + 1) * d
                    let error = Distance.relative(
                        Array(found[range]), to: Array(wanted.elements[range]))
                    let bound = isClose ? Tolerance.closeEdgeGradient : Tolerance.edgeGradient(precision)
                    #expect(error <= bound, "pair (\(i), \(j)), \(precision)")
                }
            }
        }
    }

    static let images = GoldenCase.edge.filter { $0.data == "data_edge_img" }.runnable
    /// Images 1e-7 apart: in float64 the reference has two digits of the cone part of their gradient.
    static let closeImages: Set<[Int]> = [[0, 9], [9, 0], [4, 9], [9, 4]]
    /// 2^20 times another, and zero.
    static let (hugeImage, zeroImage) = (8, 6)
    /// An image and its negative, and the huge one with what it is a multiple of.
    static let collinear: Set<[Int]> = [[1, 5], [5, 1], [2, 8], [8, 2]]

    @Test func theImageCasesAreThere() { #expect(Self.images.count == 4) }

    /// References of 50 digits where there are; with a global pool those in float64.
    @Test(arguments: images, TestBackends.all)
    func kernelsOfImages(net: GoldenCase, on backend: TestBackend) async throws {
        let (x, arrays) = (try net.inputs().tensor("X"), try net.arrays())
        let isExact = arrays.contains("ntk_xx")
        for precision in Precision.allCases {
            let bound = isExact ? Tolerance.edgeImage(precision) : Tolerance.referenceDiagonal(precision)
            let assembly = GramAssembly(
                program: try net.program(for: x), precision: precision, backends: [try backend.make()])
            let matrices = try await assembly.symmetric(x, [.nngp, .ntk]).matrices
            for kind in CovarianceKind.allCases {
                let wanted = try arrays.tensor("\(kind)_xx" + (isExact ? "" : "_nt"))
                let found = try #require(matrices[kind]).tensor()
                for i in 0..<x.count {
                    for j in 0..<x.count {
                        let error = abs(found.elements[i * x.count + j] - wanted.elements[i * x.count + j])
                        let (a, b) = (wanted.diagonal[i], wanted.diagonal[j])
                        // A difference of images of very different norm knows the larger one's digits only.
                        let isUneven = [Self.hugeImage, Self.zeroImage].contains { (i == $0) != (j == $0) }
                        let scale = isUneven ? max(a, b) : (a * b).squareRoot()
                        let bound = Self.collinear.contains([i, j]) ? Tolerance.collinearImage(precision) : bound
                        #expect(error <= bound * scale, "\(kind) (\(i), \(j)), \(precision)")
                    }
                }
            }
            let diagonal = try #require(matrices[.ntk]).tensor().diagonal
            let exact = try arrays.tensor("ntk_diag_exact").elements
            for (found, wanted) in zip(diagonal, exact) {
                #expect(abs(found - wanted) <= Tolerance.edgeImage(precision) * wanted, "\(precision)")
            }
        }
    }

    @Test(arguments: images, TestBackends.all)
    func gradientsOfImages(net: GoldenCase, on backend: TestBackend) throws {
        let (x, arrays) = (try net.inputs().tensor("X"), try net.arrays())
        let wanted = try arrays.tensor("jac_ref")
        for precision in Precision.allCases {
            let found = try jacobian(net, x, precision, backend)
            #expect(found.allSatisfy { $0.isFinite }, "\(precision)")
            for i in 0..<x.count where i != Self.hugeImage {
                for j in 0..<x.count where j != Self.hugeImage && !Self.closeImages.contains([i, j]) {
                    let range = (i * x.count + j) * x.stride..<(i * x.count + j + 1) * x.stride
                    let error = Distance.relative(Array(found[range]), to: Array(wanted.elements[range]))
                    #expect(error <= Tolerance.edgeImageGradient(precision), "pair (\(i), \(j)), \(precision)")
                }
            }
        }
    }

    /// ∇Θ(x_i, x_j) in x_i, [i, j, …]: one output per column, so that output j is Θ(·, x_j).
    private func jacobian(
        _ net: GoldenCase, _ x: Tensor<Double>, _ precision: Precision, _ backend: TestBackend
    ) throws -> [Double] {
        let n = x.count
        let identity = Tensor(shape: [n, n], elements: (0..<n * n).map { $0 % (n + 1) == 0 ? 1.0 : 0.0 })
        let backend = try backend.make()
        let training = try backend.prepare(net.program(for: x), inputs: x, precision)
        return try KernelPredictor(.ntk, training: training, weights: identity, backend: backend)
            .gradients(at: x).elements
    }
}
