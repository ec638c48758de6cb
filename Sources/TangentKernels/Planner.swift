import Compute

/// Turns layers into a covariance program, on the smallest geometry that the read-out needs.
public struct Planner {
    /// What a branch has made of its input so far.
    private struct Shape: Equatable {
        /// Pixels; 1 × 1 behind the read-out.
        var height: Int
        var width: Int
        /// Whether the pixels have been read out, so that one number describes a pair.
        var isFlat: Bool
    }

    private let input: CovarianceProgram.Input
    private var steps: [CovarianceStep] = []
    private var shape: Shape
    /// Shape of each open residual block where it forked, and where its main branch ended.
    private var forks: [(start: Shape, main: Shape)] = []
    private var hasWeights = false
    private var hasPool = false

    /// Deepest nesting of residual blocks; backends reserve room for this many states.
    package static let maximumNesting = 7

    init(input: CovarianceProgram.Input) {
        self.input = input
        shape = Shape(height: input.height, width: input.width, isFlat: input.height == 1 && input.width == 1)
    }

    static func plan(
        _ layers: [any Layer], input: CovarianceProgram.Input
    ) throws(ArchitectureError) -> CovarianceProgram {
        var planner = Planner(input: input)
        for layer in layers { try layer.plan(&planner) }
        return try planner.finish()
    }

    private func finish() throws(ArchitectureError) -> CovarianceProgram {
        guard hasWeights else {
            throw ArchitectureError(
                "an architecture without dense or conv has no weights, so its NTK is zero; add dense")
        }
        guard shape.isFlat else {
            throw ArchitectureError(
                "the net ends in an image of \(shape.height) × \(shape.width); end it with flatten or "
                    + "global_avg_pool, and dense")
        }
        guard let readout = steps.firstIndex(where: { $0 == .flatten || $0 == .globalPool }) else {
            return CovarianceProgram(geometry: .scalar, input: input, steps: steps)
        }
        // A leading flatten makes a dense net: one number per pair from the start.
        if readout == 0 && steps[0] == .flatten {
            return CovarianceProgram(geometry: .scalar, input: input, steps: Array(steps.dropFirst()))
        }
        let isDiagonal = steps[readout] == .flatten && !hasPool
        return CovarianceProgram(geometry: isDiagonal ? .diagonal : .full, input: input, steps: steps)
    }

    mutating func append(_ step: CovarianceStep) {
        if case .dense = step { hasWeights = true }
        steps.append(step)
    }

    mutating func readOut(_ step: CovarianceStep) throws(ArchitectureError) {
        let name = step == .flatten ? "flatten" : "global_avg_pool"
        guard !shape.isFlat else {
            if step == .flatten { return }
            throw ArchitectureError("layer '\(name)' has no pixels left to read out; remove it")
        }
        guard forks.isEmpty else {
            throw ArchitectureError("layer '\(name)' stands inside a residual; put it before or behind the residual")
        }
        shape = Shape(height: 1, width: 1, isFlat: true)
        steps.append(step)
    }

    mutating func convolve(
        _ window: Window, weightVariance: Double, biasVariance: Double
    ) throws(ArchitectureError) {
        hasWeights = true
        try slide(window, layer: "conv")
        steps.append(.convolution(window, weightVariance: weightVariance, biasVariance: biasVariance))
    }

    mutating func pool(_ window: Window, isMean: Bool, layer: String) throws(ArchitectureError) {
        try slide(window, layer: layer)
        hasPool = true
        steps.append(.pool(window, isMean: isMean))
    }

    private mutating func slide(_ window: Window, layer: String) throws(ArchitectureError) {
        guard !shape.isFlat else {
            throw ArchitectureError("layer '\(layer)' has no image to read; put it before flatten or global_avg_pool")
        }
        let height = window.outputHeight(shape.height)
        let width = window.outputWidth(shape.width)
        guard height > 0, width > 0 else {
            throw ArchitectureError(
                "layer '\(layer)' of \(window.height) × \(window.width) does not fit an image of "
                    + "\(shape.height) × \(shape.width)")
        }
        shape = Shape(height: height, width: width, isFlat: false)
    }

    func requireFlat(_ layer: String) throws(ArchitectureError) {
        guard shape.isFlat else {
            throw ArchitectureError(
                "layer '\(layer)' reads an image of \(shape.height) × \(shape.width); put flatten before it")
        }
    }

    mutating func fork() throws(ArchitectureError) {
        guard forks.count < Self.maximumNesting else {
            throw ArchitectureError(
                "residual blocks are nested more than \(Self.maximumNesting) deep; flatten the nesting")
        }
        forks.append((start: shape, main: shape))
        steps.append(.fork)
    }

    mutating func exchange() {
        forks[forks.count - 1].main = shape
        shape = forks[forks.count - 1].start
        steps.append(.exchange)
    }

    mutating func join() throws(ArchitectureError) {
        let main = forks.removeLast().main
        guard main == shape else {
            throw ArchitectureError(
                "the branches of a residual end in images of \(main.height) × \(main.width) and "
                    + "\(shape.height) × \(shape.width); give them the same strides and padding")
        }
        steps.append(.join)
    }
}
