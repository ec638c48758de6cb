import Compute
import TangentKernels

/// What float32 loses against float64 on one backend, at inputs that float32 holds exactly.
package struct SinglePrecision {
    private let backend: any Backend
    private let x: Tensor<Double>
    private let program: CovarianceProgram

    /// - Parameter x: [n, d], rounded to float32 first.
    package init(_ backend: any Backend, _ x: Tensor<Double>, net: Architecture = .fc(depth: 3)) throws {
        self.backend = backend
        self.x = x.map { Double(Float($0)) }
        program = try net.program(channels: x.stride)
    }

    /// Nets that round in different ways: with and without bias, and smooth.
    package static var nets: [Architecture] {
        [.fc(depth: 3), .fc(depth: 2, weightStd: 1, biasStd: 0), .fc(depth: 2, activation: Erf())]
    }

    /// Whether pairs of equal images have the entry of the diagonal with each other, in both precisions.
    package func treatsEqualImagesAlike(_ pairs: [(Int, Int)]) throws -> Bool {
        let (single, double) = try kernels()
        return [single, double].allSatisfy { matrix in pairs.allSatisfy { matrix[$0, $0] == matrix[$0, $1] } }
    }

    /// Θ(X, X) in both precisions.
    package func kernels() throws -> (single: HostMatrix, double: HostMatrix) {
        func kernel(_ precision: Precision) throws -> HostMatrix {
            let inputs = try backend.prepare(program, inputs: x, precision)
            let ntk = try HostMatrix(rows: x.count, columns: x.count, precision: precision)
            try backend.gram(GramTile(rows: inputs, 0..<x.count, columns: inputs, 0..<x.count, ntk: ntk))
            return ntk
        }
        return (try kernel(.float32), try kernel(.float64))
    }

    /// The largest error of an entry of Θ, relative to that entry, apart from the diagonal.
    package func kernelError() throws -> Double {
        let (single, double) = try kernels()
        var largest = 0.0
        for i in 0..<x.count {
            for j in 0..<i {
                let error = abs(single[i, j] - double[i, j]) / abs(double[i, j])
                guard error.isFinite else { return .infinity }
                largest = max(largest, error)
            }
        }
        return largest
    }

    /// The largest error of an entry of Θ, relative to √(Θ_ii Θ_jj), or absolute where that is zero.
    package func scaledKernelError() throws -> Double {
        let (single, double) = try kernels()
        var largest = 0.0
        for i in 0..<x.count {
            for j in 0..<x.count {
                let scale = (double[i, i] * double[j, j]).squareRoot()
                let error = abs(single[i, j] - double[i, j]) / (scale > 0 ? scale : 1)
                guard error.isFinite else { return .infinity }
                largest = max(largest, error)
            }
        }
        return largest
    }

    /// The largest error of the gradients of Σ_j c_j Θ(x_i, x_j), relative to the largest number of each gradient.
    /// - Parameter rows: the points x_i that gradients are taken at.
    package func gradientError(rows: Range<Int>, seed: UInt64) throws -> Double {
        var generator = SeededGenerator(seed: seed)
        let weights = Tensor(shape: [x.count, 1], elements: generator.numbers(x.count))
        func gradients(_ precision: Precision) throws -> [Double] {
            let training = try backend.prepare(program, inputs: x, precision)
            let predictor = try KernelPredictor(.ntk, training: training, weights: weights, backend: backend)
            return try predictor.gradients(at: x[rows]).elements
        }
        let (single, double) = (try gradients(.float32), try gradients(.float64))
        return stride(from: 0, to: single.count, by: x.stride).reduce(0) { largest, first in
            let range = first..<first + x.stride
            return max(largest, Distance.relative(Array(single[range]), to: Array(double[range])))
        }
    }
}
