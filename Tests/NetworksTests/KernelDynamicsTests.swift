import Compute
import Inference
import Networks
import Testing

/// Measures of kernels that can be said by hand.
@Suite struct KernelDynamicsTests {
    private static func matrix(_ n: Int, _ numbers: [Double], _ precision: Precision = .float64) throws -> HostMatrix {
        let matrix = try HostMatrix(rows: n, columns: n, precision: precision)
        switch precision {
        case .float64: matrix.withElements(as: Double.self) { for i in numbers.indices { $0[i] = numbers[i] } }
        case .float32: matrix.withElements(as: Float.self) { for i in numbers.indices { $0[i] = Float(numbers[i]) } }
        }
        return matrix
    }

    @Test(arguments: Precision.allCases)
    func anglesAndRadii(precision: Precision) throws {
        let kernels = try [[1, 0, 0, 0], [2, 0, 0, 0], [1, 0, 0, 1], [0, 0, 0, 3.0]].map {
            try Self.matrix(2, $0, precision)
        }
        let dynamics = KernelDynamics(kernels)
        #expect(dynamics.norms == [1, 2, 2.0.squareRoot(), 3])
        #expect(dynamics.distances.elements[3] == 1 && dynamics.distances.elements[1] == 0)
        let end = 10.0.squareRoot()
        #expect(dynamics.radii == [0, 1 / end, 1 / end, 1])
        let angles: [Double] = [0, 0, .pi / 4, .pi / 2]
        for (angle, wanted) in zip(dynamics.angles, angles) {
            // 1 − cos loses half of the digits at zero.
            #expect(abs(angle - wanted) < 1e-7)
        }
    }

    @Test func nothingMoves() throws {
        let kernel = try Self.matrix(2, [2, 1, 1, 2])
        let dynamics = KernelDynamics([kernel, kernel])
        #expect(dynamics.radii == [0, 0] && dynamics.distances.elements == [0, 0, 0, 0])
    }

    @Test func spectra() throws {
        // Eigenvalues 3 and 1 with (1, 1) and (1, −1).
        let kernel = try Self.matrix(2, [2, 1, 1, 2])
        let spectrum = try Spectrum(of: kernel)
        #expect(abs(spectrum.concentration(top: 1) - 0.9) < 1e-15)
        #expect(spectrum.concentration(top: 2) == 1)
        // exp of the entropy of (3/4, 1/4).
        #expect(abs(spectrum.effectiveRank - 4 / 27.0.squareRoot().squareRoot()) < 1e-14)
        let (top, bottom) = (try spectrum.part(0..<1), try spectrum.part(1..<2))
        for i in 0..<2 {
            for j in 0..<2 {
                #expect(abs(top[i, j] - 1.5) < 1e-14)
                #expect(abs(bottom[i, j] - (i == j ? 0.5 : -0.5)) < 1e-14)
            }
        }
        #expect(try spectrum.part(0..<0).tensor().elements == [0, 0, 0, 0])
    }

    @Test func alignment() throws {
        let kernel = try Self.matrix(2, [1, -1, -1, 1])
        #expect(abs(kernel.alignment(with: Tensor(shape: [2, 1], elements: [1, -1])) - 1) < 1e-15)
        #expect(abs(kernel.alignment(with: Tensor(shape: [2, 1], elements: [1, 1]))) < 1e-15)
        #expect(abs(kernel.alignment(with: Tensor(shape: [2, 2], elements: [1, 0, 0, 1])) - 0.5.squareRoot()) < 1e-15)
    }
}
