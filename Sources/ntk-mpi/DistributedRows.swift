import Compute
import Inference
import TangentKernels

/// Θ of which each rank makes its own rows on its own device whenever they are needed; nothing but vectors travels.
final class DistributedRows: SymmetricOperator {
    let n: Int
    private let kind: CovarianceKind
    private let training: CovarianceInputs
    /// The points of this rank's rows.
    private let points: Tensor<Double>
    private let backend: any Backend
    private let world: MPIWorld
    private let bounds: [Int]

    /// - Parameter inputs: X, [n, …], the same on all ranks.
    init(
        _ kind: CovarianceKind, _ program: CovarianceProgram, _ inputs: Tensor<Double>, _ precision: Precision,
        on backend: any Backend, _ world: MPIWorld
    ) throws {
        n = inputs.count
        self.kind = kind
        self.backend = backend
        self.world = world
        let (count, size) = (inputs.count, world.size)
        bounds = (0...size).map { $0 * count / size }
        points = inputs[bounds[world.rank]..<bounds[world.rank + 1]]
        training = try backend.prepare(program, inputs: inputs, precision)
    }

    /// - Complexity: n² / ranks pairs on each device; n · count numbers travel.
    func multiply(
        _ vectors: UnsafePointer<Double>, count: Int, into target: UnsafeMutablePointer<Double>
    ) throws(InferenceError) {
        var columns = [Double](repeating: 0, count: n * count)
        for c in 0..<count { for i in 0..<n { columns[i * count + c] = vectors[c * n + i] } }
        let part: Tensor<Double>
        do throws(ComputeError) {
            part = try KernelPredictor(
                kind, training: training, weights: Tensor(shape: [n, count], elements: columns), backend: backend
            ).predictions(at: points)
        } catch { throw .device(error) }
        let all: [Double]
        do {
            all = try world.gather(
                part.elements, counts: (0..<world.size).map { (bounds[$0 + 1] - bounds[$0]) * count })
        } catch { throw .usage("\(error)") }
        for i in 0..<n { for c in 0..<count { target[c * n + i] = all[i * count + c] } }
    }

    /// Θ_ii of all points, from the device.
    func diagonal() throws -> [Double] {
        let start = bounds[world.rank]
        var part: [Double] = []
        let tile = 256
        for first in stride(from: 0, to: points.count, by: tile) {
            let range = first..<min(first + tile, points.count)
            let block = try backend.prepare(training.program, inputs: points[range], training.precision)
            let matrix = try HostMatrix(rows: range.count, columns: range.count, precision: training.precision)
            try backend.gram(
                GramTile(
                    rows: block, 0..<range.count, columns: block, 0..<range.count,
                    nngp: kind == .nngp ? matrix : nil, ntk: kind == .ntk ? matrix : nil))
            part += (0..<range.count).map { matrix[$0, $0] }
        }
        precondition(part.count == bounds[world.rank + 1] - start, "a diagonal of \(part.count) numbers")
        return try world.gather(part, counts: (0..<world.size).map { bounds[$0 + 1] - bounds[$0] })
    }
}
