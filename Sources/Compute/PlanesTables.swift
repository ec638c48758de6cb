/// A plan on planes as the tables of `Kernels/Covariance/planes.cl`, all of them ints, and the parameters beside them: what
/// both backends read.
package struct PlanesTables: Sendable {
    /// A `plane_plan`.
    package let plan: [Int32]
    /// `plane_segment`s.
    package let segments: [Int32]
    /// `plane_step`s.
    package let steps: [Int32]
    package let parameters: [Double]
    /// What the dense layers at the end make of (NNGP, NTK).
    package let tail: PlanesTail
    /// Numbers per image, and those of its inputs.
    package let size: Int
    package let inputCount: Int
    /// v and t of all states and the spare one, rims included.
    package let planesSize: Int
    /// Numbers of a row of a plane, rims included.
    package let stride: Int
    /// v and t of all tensors.
    package let pooledSize: Int
    /// v and t in front of each pointwise step of the segment that has most.
    package let tapeSize: Int
    /// Numbers of variances per lane.
    package let variancesSize: Int
    /// Numbers of a record: what a pair contributes to a gradient.
    package let recordSize: Int
    /// Pixels of the largest image.
    package let pixels: Int
    /// Whether planes of an image against itself are mixed with its variances.
    private let mixesImages: Bool
    /// Whether all pointwise steps are rectifiers.
    package let hasRectifiersAlone: Bool

    package init(_ plan: PlanesPlan) {
        stride = plan.width + 2 * plan.rimX
        let plane = (plan.height + 2 * plan.rimY) * stride
        let planes = plan.depth + 1
        var pooled = 0
        var first = 0
        var segments: [[Int]] = []
        for segment in plan.segments {
            segments.append(segment.words(first: first, pooled: pooled))
            first += segment.steps.count
            pooled += 2 * segment.tensorSize
        }
        pixels = plan.height * plan.width
        let (nngp, ntk) = (plan.tail[.nngp], plan.tail[.ntk])
        self.plan = [
            plan.segments.count, plan.input.height, plan.input.width, plan.input.channels, plan.size, stride, plane,
            plan.rimY * stride + plan.rimX, planes, pooled, pixels, plan.recordSize, plan.parameters.count,
        ].map(Int32.init)
        self.segments = segments.joined().map(Int32.init)
        steps = plan.segments.flatMap(\.steps).flatMap(\.words).map(Int32.init)
        parameters = plan.parameters + [nngp.k, nngp.one, ntk.t, ntk.k, ntk.one]
        tail = plan.tail
        size = plan.size
        inputCount = plan.input.count
        planesSize = 2 * planes * plane
        pooledSize = pooled
        tapeSize = 2 * plan.mostTaped * plane
        variancesSize = (planes + plan.segments.count + 1) * pixels
        recordSize = plan.recordSize
        mixesImages = plan.segments.contains { max($0.selfRange.y, $0.selfRange.x) > 0 }
        hasRectifiersAlone = plan.segments.allSatisfy { $0.steps.allSatisfy(\.operation.isRectifierOrNoPoint) }
    }
}

extension PlanesTables {
    /// Cotangents from which on a pair's record had better be finished before it is contracted: going back through the
    /// variances costs about what contracting their shares with so many does.
    private static let manyCotangents = 32

    /// Whether the share of an image's variances in a gradient is worked out per pair, so that only what belongs to the
    /// inputs is contracted, and not once for sums over pairs.
    package func finishesPairs(cotangents: Int) -> Bool { !mixesImages && cotangents >= Self.manyCotangents }

    /// Numbers of a record that are contracted with so many cotangents.
    package func contractedSize(cotangents: Int) -> Int {
        finishesPairs(cotangents: cotangents) ? inputCount : recordSize
    }

    /// Numbers of a row of sums or coefficients: cotangents in whole vectors, or one.
    package func pitch(cotangents: Int, lanes: Int) -> Int {
        cotangents == 1 ? 1 : (cotangents + lanes - 1) / lanes * lanes
    }
}

extension PlanesPlan.Segment {
    fileprivate var pool: PlanesPlan.Pool? { if case .pool(let pool) = sink { pool } else { nil } }

    /// Entries of v in the tensor: planes as large as their extents.
    fileprivate var tensorSize: Int {
        func extents(_ size: Int, _ range: Int) -> Int { (-range...range).reduce(0) { $0 + size - abs($1) } }
        guard let pool else { return 1 }
        return extents(pool.height, tensorRange.y) * extents(pool.width, tensorRange.x)
    }

    /// A `plane_segment`.
    fileprivate func words(first: Int, pooled: Int) -> [Int] {
        let code =
            switch sink {
            case .flatten: 0
            case .globalPool: 1
            case .pool: 2
            }
        // A read-out leaves one entry and has no windows.
        let window =
            pool.map {
                [
                    $0.window.height, $0.window.width, $0.window.strideY, $0.window.strideX, $0.top, $0.left,
                    isCircular ? 1 : 0, 0,
                ]
            } ?? [0, 0, 1, 1, 0, 0, 0, 0]
        let tensor = pool.map { [$0.height, $0.width, tensorRange.y, tensorRange.x] } ?? [1, 1, 0, 0]
        return [
            first, steps.count, end, endHeight, endWidth, isCircular ? 1 : 0, range.y, range.x, selfRange.y,
            selfRange.x, code,
        ] + window + tensor + [pooled, tensorSize, scaleParameter, spread ?? -1]
    }
}

extension PlanesPlan.Step {
    /// A `plane_step`.
    fileprivate var words: [Int] {
        var window = [Int](repeating: 0, count: 8)
        var tensor = -1
        switch operation {
        case .load(let segment): tensor = segment ?? -1
        case .convolution(let filter):
            let (top, left) = (filter.paddingY(inputHeight), filter.paddingX(inputWidth))
            window = [
                filter.height, filter.width, filter.strideY, filter.strideX, top.front, left.front,
                filter.padding == .circular ? 1 : 0, top.total > 0 || left.total > 0 ? 1 : 0,
            ]
        case .pad(let top, let left): (window[4], window[5]) = (top, left)
        default: break
        }
        return [operation.code, height, width, inputHeight, inputWidth] + window + [
            slot ?? -1, after ?? -1, parameter, input, output, reach.y, reach.x, hasNTK ? 1 : 0, run, taped, record,
            tensor,
        ]
    }
}

extension PlanesPlan.Operation {
    fileprivate var isRectifierOrNoPoint: Bool {
        guard case .point(let step) = self else { return true }
        if case .abrelu = step { return true }
        return false
    }

    /// The step's number in `planes.cl`.
    fileprivate var code: Int {
        switch self {
        case .load: 0
        case .convolution: 1
        case .pad: 2
        case .fork: 3
        case .join: 4
        case .point(.abrelu): 5
        case .point(.erf): 6
        case .point(.gelu): 7
        case .point(.layerNorm): 8
        case .point(let step): preconditionFailure("\(step) does not act on every entry of a plane alone")
        }
    }
}
