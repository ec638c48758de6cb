import Compute

extension EmpiricalNTK {
    /// Θ times vectors, without Θ: the derivative of the rows' outputs along the columns' parameter gradient.
    /// - Parameters:
    ///   - rows: [n, …].
    ///   - columns: [m, …].
    ///   - vector: c, [m, k] for the full form, [m] or [m, 1] for the trace.
    ///   - batchSize: points whose activations are alive at a time.
    /// - Returns: `Σ_j Σ_b Θ[i a, j b] c[j, b]`, [n, k]; for the trace `Σ_j Θ[i, j] c[j]`, [n, 1].
    /// - Complexity: three forward passes of the columns and two of the rows; k times that for the trace.
    package func product(
        _ rows: Tensor<Double>, _ columns: Tensor<Double>, with vector: Tensor<Double>, batchSize: Int = 256
    ) throws(ComputeError) -> Tensor<Double> {
        let outputs = network.plan.outputs
        precondition(
            vector.elements.count == columns.count * (form == .full ? outputs : 1),
            "a vector of \(vector.elements.count) numbers for \(columns.count) points")
        guard form == .trace else {
            let gradient = try gradient(columns, vector.elements, batchSize)
            return Tensor(
                shape: [rows.count, outputs], elements: try tangents(rows, along: gradient, batchSize))
        }
        var sums = [Double](repeating: 0, count: rows.count)
        for output in 0..<outputs {
            let cotangents = vector.elements.flatMap { number in
                (0..<outputs).map { $0 == output ? number / Double(outputs) : 0 }
            }
            let tangents = try tangents(rows, along: gradient(columns, cotangents, batchSize), batchSize)
            for row in sums.indices { sums[row] += tangents[row * outputs + output] }
        }
        return Tensor(shape: [rows.count, 1], elements: sums)
    }

    /// Σ_j Σ_b cotangents[j, b] ∂f_b(x_j)/∂p, [parameters].
    private func gradient(
        _ points: Tensor<Double>, _ cotangents: [Double], _ batchSize: Int
    ) throws(ComputeError) -> Buffer {
        let (backend, precision, outputs) = (network.backend, network.precision, network.plan.outputs)
        let count = network.plan.parameterCount
        let sum = try backend.upload([Double](repeating: 0, count: count), as: precision)
        let part = try backend.allocate(count, precision)
        for range in batches(points.count, batchSize) {
            let own = Array(cotangents[range.lowerBound * outputs..<range.upperBound * outputs])
            try evaluation(points, range).parameterGradient(
                cotangents: backend.upload(own, as: precision), into: part)
            try backend.run(.axpby(part, into: sum, count: count))
        }
        return sum
    }

    /// ∂f(x_i)/∂p · direction, [n, k].
    private func tangents(
        _ points: Tensor<Double>, along direction: Buffer, _ batchSize: Int
    ) throws(ComputeError) -> [Double] {
        var result: [Double] = []
        for range in batches(points.count, batchSize) {
            result += try network.backend.download(evaluation(points, range).outputTangent(along: direction))
        }
        return result
    }

    private func evaluation(
        _ points: Tensor<Double>, _ range: Range<Int>
    ) throws(ComputeError) -> NetworkEvaluation {
        try network.evaluate(
            network.backend.upload(points[range].elements, as: network.precision), count: range.count)
    }

    private func batches(_ count: Int, _ size: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
    }
}
