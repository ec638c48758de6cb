/// How a covariance program on planes is laid out: segments between poolings, planes of states, slots per image, ranges
/// of displacements.
///
/// For two images and a displacement D = p′ − p the entries (p, p + D) are an image of their own, a plane. Convolutions
/// and activations keep planes apart, poolings mix them (`TangentKernels.docc/Planes.md`). Every segment makes one
/// *tensor*, all planes of one state, from the inputs or from tensors before it; its steps stay within a plane.
/// ``PlanesTables`` has the plan as backends read it.
package struct PlanesPlan: Sendable, Hashable {
    package enum Operation: Sendable, Hashable {
        /// Takes up the plane of a tensor: that of the segment with that number, or of the inputs.
        case load(segment: Int?)
        case convolution(Window)
        /// Zeros around an image, where the windows of a pool reach over its border.
        case pad(top: Int, left: Int)
        /// A step that acts on every entry alone.
        case point(CovarianceStep)
        /// A copy for the main branch of a residual block.
        case fork
        /// Adds the shortcut.
        case join
    }

    /// What one step does to a plane, and where its slots lie.
    package struct Step: Sendable, Hashable {
        package let operation: Operation
        /// Planes of the scratch that it reads and writes.
        package let input: Int
        package let output: Int
        /// Size of the image that the step reads.
        package let inputHeight: Int
        package let inputWidth: Int
        /// Size of the image that it makes.
        package let height: Int
        package let width: Int
        /// Offset, in numbers per image, of the step's first plane of slots: of a pointwise step those that `plane.cl`
        /// lists, of a convolution and of zeros around an image the variance that it reads, which what lies beyond the
        /// border needs; of a tensor that is loaded half the spread inside the windows of its pool. Nil where none is
        /// needed.
        package var slot: Int?
        /// Offset of the variance that a convolution makes, where no pointwise step follows that knows it.
        package var after: Int?
        /// Number of its first parameter.
        package let parameter: Int
        /// Whether Θ is there in front of the step; it is 0 in front of the first layer with weights.
        package let hasNTK: Bool
        /// Displacement in front of the step, for 1 at the end of the segment.
        package fileprivate(set) var reach = Reach(y: 1, x: 1)
        /// Pointwise steps from here on, or behind a convolution, which does them in passing.
        package fileprivate(set) var run = 0
        /// Pointwise steps before, in the segment.
        package fileprivate(set) var taped = 0
        /// Offset of a pointwise step's part of a record: what a pair contributes to a gradient.
        package fileprivate(set) var record = 0
    }

    /// What ends a segment.
    package enum Sink: Sendable, Hashable {
        /// The sum of the entries (p, p).
        case flatten
        /// The sum of all entries.
        case globalPool
        /// Window sums; with windows of one pixel the tensor itself.
        case pool(Pool)
    }

    package struct Pool: Sendable, Hashable {
        package let window: Window
        /// Pixels that a window which wraps around starts in front of the image.
        package let top: Int
        package let left: Int
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

    /// Steps up to a sink. Behind a read-out images have one pixel.
    package struct Segment: Sendable, Hashable {
        package internal(set) var steps: [Step] = []
        /// Whether displacements wrap around.
        package internal(set) var isCircular = false
        /// The plane that holds the result, and the size of its image.
        package internal(set) var end = 0
        package internal(set) var endHeight = 0
        package internal(set) var endWidth = 0
        package internal(set) var sink = Sink.flatten
        /// Offset, in numbers per image, of half the spread inside a window of the sink; nil where no two different
        /// pixels are taken together.
        package internal(set) var spread: Int?
        /// Number of the factor that the sums of the sink are multiplied by.
        package internal(set) var scaleParameter = 0
        /// Displacements that are needed at the end.
        package fileprivate(set) var range = Reach.none
        /// The same for an image against itself, whose planes only a pool mixes.
        package fileprivate(set) var selfRange = Reach.none
        /// Displacements of the tensor that the segment makes.
        package fileprivate(set) var tensorRange = Reach.none
    }

    package internal(set) var segments: [Segment] = []
    package let input: CovarianceProgram.Input
    /// Numbers per image: inputs [pixel, channel], the slots, the mean variance at the read-out.
    package internal(set) var size: Int
    /// Widest rim that a filter reads.
    package internal(set) var rimY = 0
    package internal(set) var rimX = 0
    /// Size of the largest image.
    package internal(set) var height: Int
    package internal(set) var width: Int
    /// States that are alive at once.
    package let depth: Int
    /// What the steps and the sinks read.
    package internal(set) var parameters: [Double] = []
    /// Numbers of a record.
    package private(set) var recordSize: Int
    /// What the dense layers at the end make of (NNGP, NTK).
    package internal(set) var tail = PlanesTail([])

    init(input: CovarianceProgram.Input, depth: Int) {
        self.input = input
        self.depth = depth
        size = input.count
        recordSize = input.count
        (height, width) = (input.height, input.width)
    }

    /// Pointwise steps of the segment that has most.
    package var mostTaped: Int { segments.map(\.pointwiseCount).max() ?? 0 }

    /// Fills in what follows from the steps.
    mutating func finish() {
        for number in segments.indices {
            segments[number].setReaches()
            segments[number].countPoints(record: &recordSize)
        }
        setRanges()
        size += 1
    }

    /// Displacements that each segment has to make, from the read-out backwards.
    private mutating func setRanges() {
        var needs = [Reach](repeating: .none, count: segments.count)
        var ownNeeds = needs
        // Only what follows wants to know the variance of a mean.
        needs[segments.count - 1] = Reach(y: 0, x: 0)
        for number in segments.indices.reversed() {
            let (need, own) = (needs[number], ownNeeds[number])
            segments[number].tensorRange = need
            segments[number].range = segments[number].reach(of: need)
            // The plane D = 0 of an image and itself is 0, and flatten takes no other.
            segments[number].selfRange = segments[number].sink == .flatten ? .none : segments[number].reach(of: own)
            for step in segments[number].steps {
                guard case .load(let source?) = step.operation else { continue }
                let isCircular = segments[number].isCircular
                needs[source] = needs[source].union(segments[number].range, times: step, isCircular)
                var own = segments[number].selfRange
                // The spread inside windows is that of the plane D = 0.
                if segments[source].spread != nil { own = own.union(Reach(y: 0, x: 0)) }
                ownNeeds[source] = ownNeeds[source].union(own, times: step, isCircular)
            }
        }
    }
}

extension PlanesPlan.Reach {
    fileprivate func union(_ other: Self) -> Self { Self(y: max(y, other.y), x: max(x, other.x)) }

    /// With the displacements of a tensor that `range` at the end of a segment needs, of which `step` takes up the tensor.
    /// Displacements that wrap around need all; those beyond the image, of zeros around it, none.
    fileprivate func union(_ range: Self, times step: PlanesPlan.Step, _ isCircular: Bool) -> Self {
        func along(_ range: Int, _ factor: Int, _ size: Int) -> Int {
            isCircular && range > 0 ? size - 1 : range < 0 ? range : min(range * factor, size - 1)
        }
        return union(
            Self(y: along(range.y, step.reach.y, step.height), x: along(range.x, step.reach.x, step.width)))
    }
}

extension PlanesPlan.Segment {
    package var pointwiseCount: Int { steps.count { $0.operation.isPoint } }

    /// Displacements at the end that a tensor of those of `need` is made from.
    fileprivate func reach(of need: PlanesPlan.Reach) -> PlanesPlan.Reach {
        guard need.y >= 0, need.x >= 0 else { return .none }
        func along(_ need: Int, _ stride: Int, _ window: Int, _ last: Int) -> Int {
            let range = min(last, need * stride + window - 1)
            return isCircular && range > 0 ? last : range
        }
        switch sink {
        case .flatten: return PlanesPlan.Reach(y: 0, x: 0)
        case .globalPool: return PlanesPlan.Reach(y: endHeight - 1, x: endWidth - 1)
        case .pool(let pool):
            let window = pool.window
            return PlanesPlan.Reach(
                y: along(need.y, window.strideY, window.height, endHeight - 1),
                x: along(need.x, window.strideX, window.width, endWidth - 1))
        }
    }

    /// The products of the strides from each step to the end.
    fileprivate mutating func setReaches() {
        var reaches = [end: PlanesPlan.Reach(y: 1, x: 1)]
        for place in steps.indices.reversed() {
            let step = steps[place]
            var reach = reaches[step.output] ?? PlanesPlan.Reach(y: 1, x: 1)
            if case .convolution(let window) = step.operation {
                reach = PlanesPlan.Reach(y: reach.y * window.strideY, x: reach.x * window.strideX)
            }
            steps[place].reach = reach
            reaches[step.input] = reach
        }
    }

    fileprivate mutating func countPoints(record: inout Int) {
        var taped = 0
        for place in steps.indices {
            let first = if case .convolution = steps[place].operation { place + 1 } else { place }
            steps[place].run =
                first > place || steps[place].operation.isPoint
                ? steps[first...].prefix { $0.operation.isPoint && $0.input == steps[place].output }.count : 0
            steps[place].taped = taped
            steps[place].record = record
            guard steps[place].operation.isPoint else { continue }
            taped += 1
            record += steps[place].height * steps[place].width
        }
    }
}

extension PlanesPlan.Operation {
    package var isPoint: Bool { if case .point = self { true } else { false } }
}
