/// The steps that carry (NNGP, NTK) of a pair of inputs from the first layer to the last.
///
/// A value without behaviour: the planner of `TangentKernels` writes it, backends run it.
/// Conventions and formulas: `TangentKernels.docc/CorrelationForm.md` of `TangentKernels`.
package struct CovarianceProgram: Sendable, Hashable {
    /// How many numbers describe a pair: one, one per pixel, or one per pair of pixels.
    package enum Geometry: String, Sendable {
        case scalar
        case diagonal
        case full
    }

    package struct Input: Sendable, Hashable {
        package let height: Int
        package let width: Int
        package let channels: Int
        /// Numbers per input.
        package var count: Int { height * width * channels }

        package init(height: Int, width: Int, channels: Int) {
            self.height = height
            self.width = width
            self.channels = channels
        }
    }

    package let geometry: Geometry
    package let input: Input
    package let steps: [CovarianceStep]

    package init(geometry: Geometry, input: Input, steps: [CovarianceStep]) {
        self.geometry = geometry
        self.input = input
        self.steps = steps
    }

    /// Position of the read-out, which ends the steps on pixels; nil in the scalar geometry.
    package var readout: Int? { steps.firstIndex { $0 == .flatten || $0 == .globalPool } }

    /// States that are alive at once: 1, plus one per residual block that is open.
    package var depth: Int {
        var depth = 1
        var deepest = 1
        for step in steps {
            if step == .fork { depth += 1 }
            if step == .join { depth -= 1 }
            deepest = max(deepest, depth)
        }
        return deepest
    }
}

/// One step of a covariance program.
package enum CovarianceStep: Sendable, Hashable {
    /// `k ← w² k + b²`, `t ← k + w² t`, with w² = `weightVariance`, b² = `biasVariance`.
    case dense(weightVariance: Double, biasVariance: Double)
    /// `k ← w² A k + b²`, `t ← k + w² A t`, A the mean over the window along the joint diagonal.
    case convolution(Window, weightVariance: Double, biasVariance: Double)
    /// Sum over all pairs of pixels of two windows, pixels beyond the border being 0; as a mean divided by the square of the
    /// window's size, whatever the border cuts off.
    case pool(Window, isMean: Bool)
    /// Read-out: the mean over p of the entries (p, p).
    case flatten
    /// Read-out: the mean over all entries (p, p').
    case globalPool
    /// `a min(x, 0) + b max(x, 0)`: relu, leaky_relu, abs, identity and abrelu itself.
    case abrelu(a: Double, b: Double)
    case erf
    case gelu
    /// Normalisation over channels, without affine parameters.
    case layerNorm(eps: Double)
    /// Opens a residual block: the state is pushed; the main branch goes on with a copy.
    case fork
    /// The main branch is done: the top of the stack and the state change places; the shortcut goes on.
    case exchange
    /// The shortcut is done: the top of the stack is popped and added.
    case join
}

extension CovarianceStep {
    /// Numbers per input that the step keeps in its table in the scalar geometry, as its `.cl` file lists them.
    package var slotCount: Int {
        switch self {
        case .dense, .join: 3
        case .abrelu, .layerNorm: 1
        case .erf, .gelu: 7
        case .fork, .exchange, .convolution, .pool, .flatten, .globalPool: 0
        }
    }

    /// The step's parameters, in the order of its `.cl` file.
    package var parameters: [Double] {
        switch self {
        case .dense(let weightVariance, let biasVariance): return [weightVariance, biasVariance]
        case .abrelu(let a, let b):
            let second = (a * a + b * b) / 2
            let turn = (a - b) * (a - b) / (a * a + b * b)
            return [second, second * turn / .pi, turn / .pi, turn]
        case .layerNorm(let eps): return [eps]
        case .convolution(let window, let weightVariance, let biasVariance):
            return [weightVariance / Double(window.count), biasVariance]
        case .pool, .flatten, .globalPool: return []
        case .erf, .gelu, .fork, .exchange, .join: return []
        }
    }

    /// Numbers per input that a pair starts from in the scalar geometry, as `pair.cl` lists them.
    package static var startNumberCount: Int { 4 }
    /// Slots of the read-out after the last step: √q and its growth.
    package static var readoutSlotCount: Int { 2 }
}

extension CovarianceProgram {
    /// First slot of each step, and of the read-out behind them.
    package var slotOffsets: [Int] {
        steps.reduce(into: [0]) { offsets, step in offsets.append(offsets[offsets.count - 1] + step.slotCount) }
    }

    /// Slots per input, the read-out's included.
    package var slotCount: Int {
        steps.reduce(CovarianceStep.readoutSlotCount) { $0 + $1.slotCount }
    }
}

/// Which covariance of a pair is meant.
public enum CovarianceKind: String, Sendable, CaseIterable, Codable {
    case nngp
    case ntk
}
