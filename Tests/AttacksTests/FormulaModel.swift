import Compute
import Synchronization

@testable import Attacks

/// A model given by formulas on one point, in Double.
final class FormulaModel: AttackedModel {
    let host: HostBackend
    let precision: Precision
    let outputs: Int
    /// x ↦ f(x), [k].
    let value: @Sendable ([Double]) -> [Double]
    /// (x, cotangent) ↦ Σ_c cotangent_c ∇f_c(x), [d].
    let gradient: @Sendable ([Double], [Double]) -> [Double]
    /// Points at which gradients were asked for, in order.
    let visited = Mutex<[[Double]]>([])

    var backend: any Backend { host }

    init(
        outputs: Int, precision: Precision = .float64, host: HostBackend = HostBackend(),
        value: @escaping @Sendable ([Double]) -> [Double],
        gradient: @escaping @Sendable ([Double], [Double]) -> [Double]
    ) {
        self.outputs = outputs
        self.precision = precision
        self.host = host
        self.value = value
        self.gradient = gradient
    }

    func linearize(_ points: Buffer, count: Int) throws(ComputeError) -> any LinearizedModel {
        let numbers = try backend.download(points)
        let size = numbers.count / max(count, 1)
        return Linearized(model: self, rows: (0..<count).map { Array(numbers[$0 * size..<($0 + 1) * size]) })
    }

    private struct Linearized: LinearizedModel {
        let model: FormulaModel
        let rows: [[Double]]

        var predictions: Tensor<Double> {
            Tensor(shape: [rows.count, model.outputs], elements: rows.flatMap(model.value))
        }

        func inputGradient(cotangents: Tensor<Double>) throws(ComputeError) -> Buffer {
            precondition(cotangents.shape == [rows.count, model.outputs])
            model.visited.withLock { $0 += rows }
            let gradients = rows.indices.flatMap {
                model.gradient(rows[$0], cotangents[$0..<$0 + 1].elements)
            }
            return try model.backend.upload(gradients, as: model.precision)
        }
    }

    /// f_c = Σ_j weights[c][j] x_j + biases[c].
    static func linear(
        _ weights: [[Double]], biases: [Double]? = nil, precision: Precision = .float64,
        host: HostBackend = HostBackend()
    ) -> FormulaModel {
        FormulaModel(outputs: weights.count, precision: precision, host: host) { x in
            weights.indices.map { c in zip(weights[c], x).reduce(biases?[c] ?? 0) { $0 + $1.0 * $1.1 } }
        } gradient: { x, cotangent in
            x.indices.map { j in weights.indices.reduce(0) { $0 + cotangent[$1] * weights[$1][j] } }
        }
    }

    /// One output f = Σ_j curvature_j (x_j − centre_j)² + offset.
    static func quadratic(
        _ curvature: [Double], centre: [Double], offset: Double = 0, precision: Precision = .float64
    ) -> FormulaModel {
        FormulaModel(outputs: 1, precision: precision) { x in
            [x.indices.reduce(offset) { $0 + curvature[$1] * (x[$1] - centre[$1]) * (x[$1] - centre[$1]) }]
        } gradient: { x, cotangent in
            x.indices.map { 2 * cotangent[0] * curvature[$0] * (x[$0] - centre[$0]) }
        }
    }

    /// f_c = Σ_j weights[c][j] sin(4 x_j + c): curved enough that gradients change sign inside a ball.
    static func wavy(_ weights: [[Double]], precision: Precision) -> FormulaModel {
        FormulaModel(outputs: weights.count, precision: precision) { x in
            weights.indices.map { c in x.indices.reduce(0) { $0 + weights[c][$1] * sine(4 * x[$1] + Double(c)) } }
        } gradient: { x, cotangent in
            x.indices.map { j in
                weights.indices.reduce(0) { $0 + cotangent[$1] * weights[$1][j] * 4 * cosine(4 * x[j] + Double($1)) }
            }
        }
    }
}
