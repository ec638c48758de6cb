import CPUBackend
import Compute
import Inference
import OpenCLBackend
import Scheduling
import TangentKernels

/// An infinitely wide net for inputs of one shape: its covariances, and what it predicts once it is trained.
///
/// ```swift
/// let net = try InfiniteNet(.fc(depth: 3), inputShape: [28, 28, 1])
/// let theta = try await net.gram(images)
/// ```
///
/// Computes on every OpenCL GPU that can (dense nets), else on the processor; what is trained uses one device.
/// Inputs are tensors of doubles and are rounded to ``precision`` on their way to the device. Formulas and accuracy:
/// the article "The recursion in correlation form" of `TangentKernels`.
public struct InfiniteNet: Sendable {
    public let architecture: Architecture
    /// Shape of one input: [d] or [H, W, C].
    public let inputShape: [Int]
    /// Of covariances and gradients; regressions are float64.
    public let precision: Precision

    let program: CovarianceProgram
    let backends: [any Backend]

    /// - Parameters:
    ///   - inputShape: [d] or [H, W, C].
    ///   - precision: of covariances and gradients.
    /// - Throws: ``TangentKernels/ArchitectureError`` where a layer cannot follow its predecessor.
    public init(
        _ architecture: Architecture, inputShape: [Int], precision: Precision = .float32
    ) throws(ArchitectureError) {
        precondition(
            [1, 3].contains(inputShape.count) && inputShape.allSatisfy { $0 > 0 },
            "inputs of shape \(inputShape): [d] or [H, W, C] is needed")
        self.architecture = architecture
        self.inputShape = inputShape
        self.precision = precision
        program =
            inputShape.count == 3
            ? try architecture.program(height: inputShape[0], width: inputShape[1], channels: inputShape[2])
            : try architecture.program(channels: inputShape[0])
        backends = Self.backends(precision)
    }

    /// The OpenCL GPUs that have the precision, else the processor.
    private static func backends(_ precision: Precision) -> [any Backend] {
        // A driver that fails counts as none.
        guard let devices = try? OpenCLDevices.all() else { return [CPUBackend()] }
        let usable = devices.filter {
            $0.device.kind == .gpu && (precision == .float32 || $0.device.supportsFloat64)
        }
        let gpus = usable.compactMap { try? OpenCLBackend($0) }
        return gpus.isEmpty ? [CPUBackend()] : gpus
    }

    /// K(X, X), [n, n]: exactly symmetric, its diagonal exact.
    /// - Parameters:
    ///   - inputs: X, [n] + `inputShape`.
    ///   - kind: Θ, or the covariance of the outputs at initialisation.
    /// - Throws: ``Compute/ComputeError`` where memory is refused.
    /// - Complexity: n(n + 1)/2 pairs, each of 2d flops and about 35 a layer; n² numbers.
    public func gram(_ inputs: Tensor<Double>, _ kind: CovarianceKind = .ntk) async throws -> HostMatrix {
        check(inputs)
        let result = try await assembly.symmetric(inputs, [kind])
        return matrix(result, kind)
    }

    /// K(Z, X), [m, n].
    /// - Parameters:
    ///   - rows: Z, [m] + `inputShape`.
    ///   - columns: X, [n] + `inputShape`.
    /// - Throws: ``Compute/ComputeError`` where memory is refused.
    public func gram(
        _ rows: Tensor<Double>, _ columns: Tensor<Double>, _ kind: CovarianceKind = .ntk
    ) async throws -> HostMatrix {
        check(rows)
        check(columns)
        let result = try await assembly.rectangular(rows, columns, [kind])
        return matrix(result, kind)
    }

    /// The mean of nets that gradient descent on the squared error has trained for a time.
    ///
    /// `f_t(x) = K(x, X) T⁻¹ (I − exp(−T t / (n k))) Y` with `T = K(X, X) + λI`, and its limit for t → ∞.
    /// Source: Lee et al. 2019, eq. 10.
    /// - Parameters:
    ///   - inputs: X, [n] + `inputShape`.
    ///   - targets: Y, [n, k].
    ///   - diagReg: ridge λ, as a share of the mean of the diagonal of K(X, X).
    ///   - time: t, from 0 to infinity.
    ///   - kind: Θ; the NNGP covariance gives the posterior mean of a Bayesian net, at t = ∞.
    /// - Throws: ``Inference/InferenceError`` where targets do not fit or K + λI is not positive definite;
    ///   ``Compute/ComputeError``.
    /// - Complexity: a Gram matrix, and n³/3 flops at t = ∞ or about 9 n³ at a finite time; 3 n² doubles at most.
    public func trained(
        on inputs: Tensor<Double>, targets: Tensor<Double>, diagReg: Double = 0, time: Double = .infinity,
        kind: CovarianceKind = .ntk
    ) async throws -> TrainedNet {
        let gram = try await gram(inputs, kind)
        let regression = try KernelRegression(gram: gram, targets: targets, options: .init(diagReg: diagReg))
        let weights = try regression.weights(at: time)
        let training = try backends[0].prepare(program, inputs: inputs, precision)
        let predictor = try KernelPredictor(kind, training: training, weights: weights, backend: backends[0])
        return TrainedNet(predictor: predictor, inputShape: inputShape)
    }

    private var assembly: GramAssembly { GramAssembly(program: program, precision: precision, backends: backends) }

    private func matrix(_ result: GramAssembly.Result, _ kind: CovarianceKind) -> HostMatrix {
        guard let matrix = result.matrices[kind] else { preconditionFailure("no \(kind.rawValue) matrix was made") }
        return matrix
    }

    private func check(_ inputs: Tensor<Double>) {
        precondition(
            inputs.shape.dropFirst().elementsEqual(inputShape),
            "inputs of shape \(inputs.shape) for a net that reads \(inputShape)")
    }
}
