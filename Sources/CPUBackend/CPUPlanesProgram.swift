import CPUKernels
import Compute

/// A plan on planes in C's terms.
final class CPUPlanesProgram: Sendable {
    private let steps: CPUMemory
    private let segments: CPUMemory
    /// Points into `steps` and `segments`; read only.
    nonisolated(unsafe) let value: ntk_planes
    /// What the dense layers at the end make of (NNGP, NTK).
    let tail: PlanesTail

    init(_ program: CovarianceProgram) throws(ComputeError) {
        let plan = PlanesPlan(program)
        let stepCount = plan.segments.reduce(0) { $0 + $1.steps.count }
        steps = try CPUMemory(byteCount: stepCount * MemoryLayout<ntk_plane_step>.stride)
        segments = try CPUMemory(byteCount: plan.segments.count * MemoryLayout<ntk_segment>.stride)
        var next = steps.pointer(ntk_plane_step.self)
        for (index, segment) in plan.segments.enumerated() {
            segments.pointer(ntk_segment.self)[index] = ntk_segment(segment, steps: next)
            for step in segment.steps {
                next.pointee = ntk_plane_step(step)
                next += 1
            }
        }
        value = ntk_planes(
            segments: segments.pointer(), count: plan.segments.count, channels: Int32(plan.channels), size: plan.size,
            rim_y: Int32(plan.rimY), rim_x: Int32(plan.rimX), depth: Int32(plan.depth))
        tail = plan.tail
    }
}

extension ntk_segment {
    init(_ segment: PlanesPlan.Segment, steps: UnsafePointer<ntk_plane_step>) {
        self.init()
        self.steps = steps
        count = segment.steps.count
        height = Int32(segment.height)
        width = Int32(segment.width)
        end_height = Int32(segment.endHeight)
        end_width = Int32(segment.endWidth)
        stride_y = Int32(segment.strideY)
        stride_x = Int32(segment.strideX)
        range_y = Int32(segment.range.y)
        range_x = Int32(segment.range.x)
        self_y = Int32(segment.selfRange.y)
        self_x = Int32(segment.selfRange.x)
        spread = segment.spread ?? .noSlot
        is_circular = segment.isCircular ? 1 : 0
        has_ntk = segment.hasNTK ? 1 : 0
        let entries = Double(segment.endHeight * segment.endWidth)
        switch segment.sink {
        case .flatten:
            sink = NTK_FLATTEN
            (pool_height, pool_width) = (1, 1)
            pool_scale = 1 / entries
        case .globalPool:
            sink = NTK_GLOBAL_POOL
            (pool_height, pool_width) = (1, 1)
            pool_scale = 1 / (entries * entries)
        case .pool(let pool):
            sink = NTK_POOL
            self.pool = ntk_window(pool.window)
            pool_height = Int32(pool.height)
            pool_width = Int32(pool.width)
            pool_scale = pool.scale
        }
    }
}

extension ntk_plane_step {
    init(_ step: PlanesPlan.Step) {
        self.init()
        opcode = step.operation.opcode
        height = Int32(step.height)
        width = Int32(step.width)
        input_height = Int32(step.inputHeight)
        input_width = Int32(step.inputWidth)
        slot = step.slot ?? .noSlot
        after = step.after ?? .noSlot
        if case .convolution(let window, _, _) = step.operation {
            self.window = ntk_window(window)
            let (top, left) = (window.paddingY(step.inputHeight), window.paddingX(step.inputWidth))
            self.window.top = Int32(top.front)
            self.window.left = Int32(left.front)
            self.window.is_padded = top.total > 0 || left.total > 0 ? 1 : 0
        }
        withUnsafeMutableBytes(of: &parameters) { bytes in
            let parameters = bytes.assumingMemoryBound(to: Double.self)
            for (place, parameter) in step.operation.parameters.enumerated() { parameters[place] = parameter }
        }
    }
}

extension ntk_window {
    /// Without padding.
    fileprivate init(_ window: Window) {
        self.init(
            height: Int32(window.height), width: Int32(window.width), stride_y: Int32(window.strideY),
            stride_x: Int32(window.strideX), top: 0, left: 0, is_circular: window.padding == .circular ? 1 : 0,
            is_padded: 0)
    }
}

extension Int {
    /// NTK_NO_SLOT, which Swift does not import.
    fileprivate static var noSlot: Int { -1 }
}
