/// How a covariance program on planes is laid out: segments between poolings, slots per image, ranges of displacements.
///
/// For two images and a displacement D = p′ − p the entries (p, p + D) are an image of their own, a plane. Convolutions
/// and activations keep planes apart, poolings mix them (`TangentKernels.docc/Planes.md`). Backends translate the plan
/// into their own terms.
package struct PlanesPlan: Sendable, Hashable {
    /// What one step does to a plane, and where its slots lie.
    package struct Step: Sendable, Hashable {
        /// A convolution, a pointwise step, or one that forks, exchanges or joins states.
        package let operation: CovarianceStep
        /// Size of the image that the step reads.
        package let inputHeight: Int
        package let inputWidth: Int
        /// Size of the image that it makes.
        package let height: Int
        package let width: Int
        /// Offset, in numbers per image, of the step's first plane of slots: of a pointwise step those that `plane.cl`
        /// lists, of a convolution the variance that it reads, which the rim of a plane needs; nil where none is needed.
        package let slot: Int?
        /// Offset of the variance that a convolution makes, where no pointwise step follows that knows it.
        package let after: Int?
    }

    /// What ends a segment.
    package enum Sink: Sendable, Hashable {
        /// The sum of the entries (p, p).
        case flatten
        /// The sum of all entries.
        case globalPool
        /// Window sums, which the next segment starts from.
        case pool(Pool)
    }

    package struct Pool: Sendable, Hashable {
        package let window: Window
        /// Size of the image behind it.
        package let height: Int
        package let width: Int
        /// 1/(window size)² for a mean, 1 for a sum.
        package let scale: Double
    }

    /// Displacements −y ... y, −x ... x; `none` where there are none.
    package struct Reach: Sendable, Hashable {
        package let y: Int
        package let x: Int

        package static let none = Reach(y: -1, x: -1)
    }

    /// Steps between two sinks. The one behind a read-out has images of one pixel.
    package struct Segment: Sendable, Hashable {
        /// Size of the image at the start.
        package let height: Int
        package let width: Int
        /// Whether Θ is there at the start; it is 0 in front of the first layer with weights.
        package let hasNTK: Bool
        /// Offset, in numbers per image, of half the spread inside a window of the pool before; nil in the first segment
        /// and behind flatten, which takes no two different pixels.
        package let spread: Int?
        package fileprivate(set) var steps: [Step] = []
        /// Whether displacements wrap around.
        package fileprivate(set) var isCircular = false
        /// Size of the image at the end.
        package fileprivate(set) var endHeight = 0
        package fileprivate(set) var endWidth = 0
        /// Products of the strides.
        package fileprivate(set) var strideY = 1
        package fileprivate(set) var strideX = 1
        package fileprivate(set) var sink = Sink.flatten
        /// Displacements that are needed at the end.
        package fileprivate(set) var range = Reach(y: 0, x: 0)
        /// The same for an image against itself, whose planes only a pool mixes.
        package fileprivate(set) var selfRange = Reach.none

        fileprivate init(height: Int, width: Int, hasNTK: Bool, spread: Int?) {
            self.height = height
            self.width = width
            self.hasNTK = hasNTK
            self.spread = spread
        }
    }

    package private(set) var segments: [Segment] = []
    package let channels: Int
    /// Numbers per image: inputs [pixel, channel], the slots, the mean variance at the read-out.
    package private(set) var size: Int
    /// Widest rim that a filter reads.
    package private(set) var rimY = 0
    package private(set) var rimX = 0
    /// States that are alive at once.
    package let depth: Int
    /// What the dense layers at the end make of (NNGP, NTK).
    package let tail: PlanesTail

    /// - Precondition: the program is not scalar.
    package init(_ program: CovarianceProgram) {
        guard let readout = program.readout else { preconditionFailure("a program on planes has a read-out") }
        channels = program.input.channels
        size = program.input.count
        depth = program.depth
        // Dense layers at the end are an affine map of what the last segment sums up. What stands between the read-out
        // and them runs as a segment of its own, on images of one pixel.
        let linear = program.steps.lastIndex { if case .dense = $0 { false } else { true } } ?? readout
        tail = PlanesTail(program.steps[(linear + 1)...])
        let needsRim = program.geometry == .full
        var stack = [Shape(height: program.input.height, width: program.input.width, hasNTK: false)]
        open(stack[0], hasSpread: false)
        for (index, step) in program.steps[...linear].enumerated() {
            let top = stack.count - 1
            switch step {
            case .convolution(let window, _, _):
                let isBare = !program.steps[index + 1].isPointwise
                convolve(step, window, &stack[top], needsRim: needsRim, isBare: isBare)
            case .dense(let weight, let bias):
                let isBare = !program.steps[index + 1].isPointwise
                convolve(
                    .convolution(.pixel, weightVariance: weight, biasVariance: bias), .pixel, &stack[top],
                    needsRim: false, isBare: isBare)
            case .abrelu, .erf, .gelu, .layerNorm:
                append(step, stack[top], slot: reserve(step.planeSlotCount * stack[top].pixels))
            case .fork:
                append(step, stack[top])
                stack.append(stack[top])
            case .exchange:
                stack.swapAt(top, top - 1)
                append(step, stack[top])
            case .join:
                let shortcut = stack.removeLast()
                stack[top - 1].hasNTK = stack[top - 1].hasNTK || shortcut.hasNTK
                append(step, stack[top - 1])
            case .pool(let window, let isMean):
                let pool = pool(window, isMean, stack[0])
                close(stack[0], .pool(pool))
                stack[0] = Shape(height: pool.height, width: pool.width, hasNTK: stack[0].hasNTK)
                open(stack[0], hasSpread: true)
            case .flatten, .globalPool:
                close(stack[0], step == .flatten ? .flatten : .globalPool)
                guard index < linear else { continue }
                stack[0] = Shape(height: 1, width: 1, hasNTK: stack[0].hasNTK)
                open(stack[0], hasSpread: step == .globalPool)
            }
        }
        if readout < linear { close(stack[0], .flatten) }
        setRanges()
        _ = reserve(1)
    }

    // MARK: Layout

    private struct Shape {
        var height: Int
        var width: Int
        var strideY = 1
        var strideX = 1
        var hasNTK: Bool
        var pixels: Int { height * width }
    }

    private mutating func reserve(_ count: Int) -> Int {
        defer { size += count }
        return size
    }

    private mutating func open(_ shape: Shape, hasSpread: Bool) {
        segments.append(
            Segment(
                height: shape.height, width: shape.width, hasNTK: shape.hasNTK,
                spread: hasSpread ? reserve(shape.pixels) : nil))
    }

    private mutating func close(_ shape: Shape, _ sink: Sink) {
        let last = segments.count - 1
        segments[last].endHeight = shape.height
        segments[last].endWidth = shape.width
        segments[last].strideY = shape.strideY
        segments[last].strideX = shape.strideX
        segments[last].sink = sink
    }

    private func pool(_ window: Window, _ isMean: Bool, _ shape: Shape) -> Pool {
        let count = Double(window.count)
        return Pool(
            window: window, height: window.outputHeight(shape.height), width: window.outputWidth(shape.width),
            scale: isMean ? 1 / (count * count) : 1)
    }

    private mutating func append(_ step: CovarianceStep, _ shape: Shape, slot: Int? = nil) {
        segments[segments.count - 1].steps.append(
            Step(
                operation: step, inputHeight: shape.height, inputWidth: shape.width, height: shape.height,
                width: shape.width, slot: slot, after: nil))
    }

    private mutating func convolve(
        _ step: CovarianceStep, _ window: Window, _ shape: inout Shape, needsRim: Bool, isBare: Bool
    ) {
        let input = shape
        let (top, left) = (window.paddingY(shape.height), window.paddingX(shape.width))
        let isPadded = top.total > 0 || left.total > 0
        // Forward a padded window looks over the border; backwards every window does.
        rimY = max(rimY, top.front, window.height - 1 - top.front)
        rimX = max(rimX, left.front, window.width - 1 - left.front)
        let slot = isPadded && needsRim && window.padding == .same ? reserve(shape.pixels) : nil
        if isPadded && window.padding == .circular { segments[segments.count - 1].isCircular = true }
        shape.height = window.outputHeight(shape.height)
        shape.width = window.outputWidth(shape.width)
        shape.strideY *= window.strideY
        shape.strideX *= window.strideX
        shape.hasNTK = true
        segments[segments.count - 1].steps.append(
            Step(
                operation: step, inputHeight: input.height, inputWidth: input.width, height: shape.height,
                width: shape.width, slot: slot, after: isBare ? reserve(shape.pixels) : nil))
    }

    /// Displacements that each segment has to make, from the read-out backwards.
    private mutating func setRanges() {
        var need = Reach(y: 0, x: 0)
        var own = Reach(y: 0, x: 0)
        for index in segments.indices.reversed() {
            let segment = segments[index]
            let last = Reach(y: segment.endHeight - 1, x: segment.endWidth - 1)
            let strides = Reach(y: segment.strideY, x: segment.strideX)
            switch segment.sink {
            case .pool(let pool):
                segments[index].range = pool.window.reach(of: need, atMost: last)
                segments[index].selfRange = pool.window.reach(of: own, atMost: last)
                own = segments[index].selfRange.times(strides)
            case .flatten: segments[index].range = Reach(y: 0, x: 0)
            case .globalPool:
                segments[index].range = last
                // Only what follows wants to know the variance of the mean.
                guard index + 1 < segments.count else { break }
                segments[index].selfRange = last
                own = last.times(strides)
            }
            need = segments[index].range.times(strides)
        }
    }
}

extension PlanesPlan.Reach {
    fileprivate func times(_ factor: PlanesPlan.Reach) -> PlanesPlan.Reach {
        PlanesPlan.Reach(y: y * factor.y, x: x * factor.x)
    }
}

extension Window {
    /// That of a dense layer, on images of one pixel.
    fileprivate static let pixel = Window(height: 1, width: 1, strideY: 1, strideX: 1, padding: .valid)

    /// Displacements that a pool reads to make those of `need`.
    fileprivate func reach(of need: PlanesPlan.Reach, atMost last: PlanesPlan.Reach) -> PlanesPlan.Reach {
        PlanesPlan.Reach(
            y: min(last.y, need.y * strideY + height - 1), x: min(last.x, need.x * strideX + width - 1))
    }
}

extension CovarianceStep {
    /// Whether it acts on every entry of a plane alone.
    package var isPointwise: Bool {
        switch self {
        case .abrelu, .erf, .gelu, .layerNorm: true
        default: false
        }
    }

    /// Slots per pixel on planes, as `plane.cl` lists them.
    fileprivate var planeSlotCount: Int {
        switch self {
        case .abrelu: 2
        case .erf, .gelu: 6
        case .layerNorm: 3
        default: 0
        }
    }
}
