import Compute

/// Turns layers into a covariance program, on the smallest geometry that the read-out needs.
public struct Planner {
    private let input: CovarianceProgram.Input
    private var steps: [CovarianceStep] = []
    private var isFlat: Bool
    /// Whether each open residual block was flat where it forked, and where its main branch ended.
    private var forks: [(start: Bool, main: Bool)] = []

    /// Deepest nesting of residual blocks; backends reserve room for this many states.
    package static let maximumNesting = 7

    init(input: CovarianceProgram.Input) {
        self.input = input
        isFlat = input.height == 1 && input.width == 1
    }

    static func plan(
        _ layers: [any Layer], input: CovarianceProgram.Input
    ) throws(ArchitectureError) -> CovarianceProgram {
        var planner = Planner(input: input)
        for layer in layers { try layer.plan(&planner) }
        guard planner.steps.contains(where: { if case .dense = $0 { true } else { false } }) else {
            throw ArchitectureError(
                "an architecture without a dense layer has no weights, so its NTK is zero; add dense")
        }
        return CovarianceProgram(geometry: .scalar, input: input, steps: planner.steps)
    }

    mutating func append(_ step: CovarianceStep) { steps.append(step) }

    mutating func flatten() { isFlat = true }

    func requireFlat(_ layer: String) throws(ArchitectureError) {
        guard isFlat else {
            throw ArchitectureError(
                "layer '\(layer)' reads an image of \(input.height) × \(input.width); put flatten before it")
        }
    }

    mutating func fork() throws(ArchitectureError) {
        guard forks.count < Self.maximumNesting else {
            throw ArchitectureError(
                "residual blocks are nested more than \(Self.maximumNesting) deep; flatten the nesting")
        }
        forks.append((start: isFlat, main: isFlat))
        steps.append(.fork)
    }

    mutating func exchange() {
        forks[forks.count - 1].main = isFlat
        isFlat = forks[forks.count - 1].start
        steps.append(.exchange)
    }

    mutating func join() throws(ArchitectureError) {
        guard forks.removeLast().main == isFlat else {
            throw ArchitectureError("the branches of a residual end in different shapes; flatten both or neither")
        }
        steps.append(.join)
    }
}
