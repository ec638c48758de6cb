import Compute

/// A plan on planes as the tables of `Kernels/Covariance/planes.cl`, all of them ints, and the parameters beside them.
///
/// Which plane of the scratch a step reads and writes is decided here, so that exchanging two states costs nothing.
struct PlanesProgram {
    /// A `plane_plan`.
    let plan: [Int32]
    /// `plane_segment`s.
    let segments: [Int32]
    /// `plane_step`s.
    let steps: [Int32]
    let parameters: [Double]
    /// What the dense layers at the end make of (NNGP, NTK).
    let tail: PlanesTail
    /// Numbers per image.
    let size: Int
    /// v and t of all states and the spare one, rims included.
    let planesSize: Int
    /// v and t of all pools.
    let pooledSize: Int
    /// v and t in front of each pointwise step of the segment that has most.
    let tapeSize: Int
    /// Numbers of variances per lane.
    let variancesSize: Int
    /// Numbers of a record: what a pair contributes to a gradient.
    let recordSize: Int
    /// Pixels of the largest image.
    let pixels: Int
    /// Macros of the activations that are compiled in: of most nets the rectifiers, whose text needs few registers;
    /// of others all, so that two texts serve all nets.
    let activations: [String]

    init(_ program: PlanesPlan) {
        var tables = PlaneTables(program)
        for segment in program.segments.indices { tables.append(segment) }
        let rows = tables.height + 2 * program.rimY
        let stride = tables.width + 2 * program.rimX
        let states = program.depth + 1
        let plane = rows * stride
        let (nngp, ntk) = (program.tail[.nngp], program.tail[.ntk])
        plan = [
            program.segments.count, program.channels, program.size, stride, plane,
            program.rimY * stride + program.rimX, states, tables.pooled, tables.pixels, tables.record,
            tables.parameters.count,
        ].map(Int32.init)
        segments = tables.segments
        steps = tables.steps
        parameters = tables.parameters + [nngp.k, nngp.one, ntk.t, ntk.k, ntk.one]
        tail = program.tail
        size = program.size
        planesSize = 2 * states * plane
        pooledSize = tables.pooled
        tapeSize = 2 * tables.mostTaped * plane
        variancesSize = (states + 1) * tables.pixels
        recordSize = tables.record
        pixels = tables.pixels
        activations = tables.hasOthers ? ["ABRELU", "ERF", "GELU", "LAYER_NORM"] : ["ABRELU"]
    }
}

/// The tables while they are written.
private struct PlaneTables {
    let plan: PlanesPlan
    var segments: [Int32] = []
    var steps: [Int32] = []
    var parameters: [Double] = []
    /// Whether there are pointwise steps beside rectifiers.
    var hasOthers = false
    var pooled = 0
    var record: Int
    var mostTaped = 0
    /// Size of the largest image.
    var height = 0
    var width = 0
    var pixels: Int { height * width }
    private var stepCount = 0

    /// A state of the stack: its plane, the strides so far, whether Θ is there.
    private struct State {
        var plane: Int
        var strideY = 1
        var strideX = 1
        var hasNTK: Bool
    }

    init(_ plan: PlanesPlan) {
        self.plan = plan
        record = plan.segments[0].height * plan.segments[0].width * plan.channels
    }

    private mutating func keep(_ values: [Double]) -> Int {
        defer { parameters += values }
        return parameters.count
    }

    private mutating func see(_ height: Int, _ width: Int) {
        self.height = max(self.height, height)
        self.width = max(self.width, width)
    }

    mutating func append(_ number: Int) {
        let segment = plan.segments[number]
        let first = stepCount
        see(segment.height, segment.width)
        var stack = [State(plane: 0, hasNTK: segment.hasNTK)]
        var free = Set(1...plan.depth)
        var taped = 0
        for (place, step) in segment.steps.enumerated() {
            let top = stack.count - 1
            let run = segment.pointwiseRun(at: place)
            let reach = (segment.strideY / stack[top].strideY, segment.strideX / stack[top].strideX)
            var entry = PlaneStep(step, reach: reach, hasNTK: stack[top].hasNTK, run: run, taped: taped, record: record)
            entry.input = stack[top].plane
            entry.output = stack[top].plane
            see(step.height, step.width)
            switch step.operation {
            case .convolution(let window, _, _):
                guard let spare = free.min() else { preconditionFailure("a net deeper than its plan says") }
                free.remove(spare)
                free.insert(stack[top].plane)
                stack[top] = State(
                    plane: spare, strideY: stack[top].strideY * window.strideY,
                    strideX: stack[top].strideX * window.strideX, hasNTK: true)
                entry.output = spare
            case .fork:
                guard let spare = free.min() else { preconditionFailure("a net deeper than its plan says") }
                free.remove(spare)
                stack.append(stack[top])
                stack[top + 1].plane = spare
                entry.output = spare
            case .exchange:
                stack.swapAt(top, top - 1)
                continue
            case .join:
                let shortcut = stack.removeLast()
                free.insert(shortcut.plane)
                stack[top - 1].hasNTK = stack[top - 1].hasNTK || shortcut.hasNTK
                entry.output = stack[top - 1].plane
            default:
                taped += 1
                record += step.height * step.width
                if case .abrelu = step.operation {} else { hasOthers = true }
            }
            entry.parameter = keep(step.operation.parameters)
            steps += entry.words
            stepCount += 1
        }
        mostTaped = max(mostTaped, taped)
        close(number, first: first, end: stack[0].plane)
    }

    private mutating func close(_ number: Int, first: Int, end: Int) {
        let segment = plan.segments[number]
        // A read-out leaves one entry, as a pool would of the whole image.
        let entries = Double(segment.endHeight * segment.endWidth)
        let sink: Int
        var pool = [0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0]
        var pooledSize = 1
        let scale: Double
        switch segment.sink {
        case .flatten: (sink, scale) = (0, 1 / entries)
        case .globalPool: (sink, scale) = (1, 1 / (entries * entries))
        case .pool(let own):
            (sink, scale) = (2, own.scale)
            let next = plan.segments[number + 1]
            let (rangeY, rangeX) = (next.range.y * next.strideY, next.range.x * next.strideX)
            pool = [
                own.window.height, own.window.width, own.window.strideY, own.window.strideX, 0, 0, 0, 0, own.height,
                own.width, rangeY, rangeX,
            ]
            pooledSize = Self.extents(own.height, rangeY) * Self.extents(own.width, rangeX)
        }
        let parameter = keep([scale])
        let front = [
            first, stepCount - first, segment.height, segment.width, segment.endHeight, segment.endWidth,
            segment.strideY, segment.strideX, segment.range.y, segment.range.x, segment.selfRange.y,
            segment.selfRange.x,
        ]
        segments += (front + [sink] + pool).map(Int32.init)
        segments += [pooled, pooledSize, parameter, segment.spread ?? -1, segment.isCircular ? 1 : 0, end].map(
            Int32.init)
        pooled += 2 * pooledSize
    }

    /// Entries along one axis of all planes.
    private static func extents(_ size: Int, _ range: Int) -> Int { (-range...range).reduce(0) { $0 + size - abs($1) } }
}

/// A `plane_step`.
private struct PlaneStep {
    let step: PlanesPlan.Step
    let reach: (Int, Int)
    let hasNTK: Bool
    let run: Int
    let taped: Int
    let record: Int
    var input = 0
    var output = 0
    var parameter = 0

    init(_ step: PlanesPlan.Step, reach: (Int, Int), hasNTK: Bool, run: Int, taped: Int, record: Int) {
        self.step = step
        self.reach = reach
        self.hasNTK = hasNTK
        self.run = run
        self.taped = taped
        self.record = record
    }

    var words: [Int32] {
        var window = [Int](repeating: 0, count: 8)
        if case .convolution(let filter, _, _) = step.operation {
            let (top, left) = (filter.paddingY(step.inputHeight), filter.paddingX(step.inputWidth))
            window = [
                filter.height, filter.width, filter.strideY, filter.strideX, top.front, left.front,
                filter.padding == .circular ? 1 : 0, top.total > 0 || left.total > 0 ? 1 : 0,
            ]
        }
        let front = [step.operation.code, step.height, step.width, step.inputHeight, step.inputWidth]
        let back = [
            step.slot ?? -1, step.after ?? -1, parameter, input, output, reach.0, reach.1, hasNTK ? 1 : 0, run, taped,
            record,
        ]
        return (front + window + back).map(Int32.init)
    }
}

extension PlanesPlan.Segment {
    /// Pointwise steps from step `place` on, or behind it where it is a convolution, which does them in passing.
    fileprivate func pointwiseRun(at place: Int) -> Int {
        let first: Int
        switch steps[place].operation {
        case .convolution: first = place + 1
        case .abrelu, .erf, .gelu, .layerNorm: first = place
        default: return 0
        }
        return steps[first...].prefix { $0.operation.isPointwise }.count
    }
}

extension CovarianceStep {
    /// The step's number in `planes.cl`.
    fileprivate var code: Int {
        switch self {
        case .convolution: 0
        case .fork: 1
        case .join: 2
        case .abrelu: 3
        case .erf: 4
        case .gelu: 5
        case .layerNorm: 6
        case .dense, .pool, .flatten, .globalPool, .exchange: preconditionFailure("\(self) is no step of a plane")
        }
    }
}
