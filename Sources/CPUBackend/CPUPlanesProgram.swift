import CPUKernels
import Compute

/// A covariance program on planes in C's terms: segments between poolings, slots per image, ranges of displacements.
final class CPUPlanesProgram: Sendable {
    private let steps: CPUMemory
    private let segments: CPUMemory
    /// Points into `steps` and `segments`; read only.
    nonisolated(unsafe) let value: ntk_planes
    /// What the dense layers behind the read-out make of (NNGP, NTK).
    let tail: CPUPlanesTail

    init(_ program: CovarianceProgram) throws(ComputeError) {
        guard let readout = program.readout else { preconditionFailure("a program on planes has a read-out") }
        let layout = PlanesLayout(program, readout)
        let stepCount = layout.segments.reduce(0) { $0 + $1.steps.count }
        steps = try CPUMemory(byteCount: stepCount * MemoryLayout<ntk_plane_step>.stride)
        segments = try CPUMemory(byteCount: layout.segments.count * MemoryLayout<ntk_segment>.stride)
        var next = steps.pointer(ntk_plane_step.self)
        for (index, segment) in layout.segments.enumerated() {
            var entry = segment.value
            entry.steps = UnsafePointer(next)
            entry.count = segment.steps.count
            for step in segment.steps {
                next.pointee = step
                next += 1
            }
            segments.pointer(ntk_segment.self)[index] = entry
        }
        value = ntk_planes(
            segments: segments.pointer(), count: layout.segments.count, channels: Int32(program.input.channels),
            size: layout.size, rim_y: Int32(layout.rimY), rim_x: Int32(layout.rimX), depth: Int32(program.depth))
        tail = CPUPlanesTail(program.steps[(readout + 1)...])
    }
}

/// Dense layers behind the read-out: `k' = w² k + b²`, `t' = k' + w² t` as one affine map.
struct CPUPlanesTail: Sendable {
    /// NNGP = `nngp.k` k + `nngp.one`; NTK = `ntk.t` t + `ntk.k` k + `ntk.one`.
    private(set) var nngp: (k: Double, one: Double) = (1, 0)
    private(set) var ntk: (t: Double, k: Double, one: Double) = (1, 0, 0)

    init(_ steps: ArraySlice<CovarianceStep>) {
        for step in steps {
            guard case .dense(let weight, let bias) = step else {
                preconditionFailure("only dense layers may follow the read-out of a program on planes")
            }
            nngp = (weight * nngp.k, weight * nngp.one + bias)
            ntk = (weight * ntk.t, weight * ntk.k + nngp.k, weight * ntk.one + nngp.one)
        }
    }

    /// ∂covariance/∂k and ∂covariance/∂t at the read-out.
    func slopes(_ kind: CovarianceKind) -> (k: Double, t: Double) {
        kind == .nngp ? (nngp.k, 0) : (ntk.k, ntk.t)
    }

    func covariance(_ kind: CovarianceKind, k: Double, t: Double) -> Double {
        switch kind {
        case .nngp: nngp.k * k + nngp.one
        case .ntk: ntk.t * t + ntk.k * k + ntk.one
        }
    }
}

/// Where everything of a program lies.
private struct PlanesLayout {
    struct Segment {
        var value = ntk_segment()
        var steps: [ntk_plane_step] = []
    }

    var segments: [Segment] = []
    /// Numbers per image.
    private(set) var size: Int
    private(set) var rimY = 0
    private(set) var rimX = 0

    private struct Shape {
        var height: Int
        var width: Int
        var strideY = 1
        var strideX = 1
        var hasNTK: Bool
    }

    init(_ program: CovarianceProgram, _ readout: Int) {
        size = program.input.count
        let needsRim = program.geometry == .full
        var stack = [Shape(height: program.input.height, width: program.input.width, hasNTK: false)]
        open(stack[0], spread: false)
        for (index, step) in program.steps[...readout].enumerated() {
            switch step {
            case .convolution(let window, _, _):
                let follower = program.steps[index + 1]
                convolve(step, window, &stack[stack.count - 1], needsRim: needsRim, isBare: !follower.isPointwise)
            case .abrelu, .erf, .gelu, .layerNorm: point(step, stack[stack.count - 1])
            case .fork:
                append(step.opcode, stack[stack.count - 1])
                stack.append(stack[stack.count - 1])
            case .exchange:
                stack.swapAt(stack.count - 1, stack.count - 2)
                append(step.opcode, stack[stack.count - 1])
            case .join:
                let shortcut = stack.removeLast()
                stack[stack.count - 1].hasNTK = stack[stack.count - 1].hasNTK || shortcut.hasNTK
                append(step.opcode, stack[stack.count - 1])
            case .pool(let window, let isMean):
                close(stack[0], sink: NTK_POOL)
                pool(window, isMean, &stack[0])
                open(stack[0], spread: true)
            case .flatten: close(stack[0], sink: NTK_FLATTEN)
            case .globalPool: close(stack[0], sink: NTK_GLOBAL_POOL)
            case .dense: preconditionFailure("a dense layer before the read-out")
            }
        }
        setRanges()
        // The mean variance at the read-out.
        size += 1
    }

    private mutating func open(_ shape: Shape, spread: Bool) {
        var segment = Segment()
        segment.value.height = Int32(shape.height)
        segment.value.width = Int32(shape.width)
        segment.value.has_ntk = shape.hasNTK ? 1 : 0
        segment.value.spread = spread ? size : Int.noSlot
        if spread { size += shape.height * shape.width }
        segments.append(segment)
    }

    private mutating func close(_ shape: Shape, sink: ntk_sink) {
        edit { segment in
            segment.value.end_height = Int32(shape.height)
            segment.value.end_width = Int32(shape.width)
            segment.value.stride_y = Int32(shape.strideY)
            segment.value.stride_x = Int32(shape.strideX)
            segment.value.sink = sink
        }
    }

    private mutating func pool(_ window: Window, _ isMean: Bool, _ shape: inout Shape) {
        shape.height = window.outputHeight(shape.height)
        shape.width = window.outputWidth(shape.width)
        shape.strideY = 1
        shape.strideX = 1
        let (height, width) = (shape.height, shape.width)
        let count = Double(window.count)
        edit { segment in
            segment.value.pool = ntk_window(
                height: Int32(window.height), width: Int32(window.width), stride_y: Int32(window.strideY),
                stride_x: Int32(window.strideX), top: 0, left: 0, is_circular: 0, is_padded: 0)
            segment.value.pool_height = Int32(height)
            segment.value.pool_width = Int32(width)
            segment.value.pool_scale = isMean ? 1 / (count * count) : 1
        }
    }

    private mutating func convolve(
        _ step: CovarianceStep, _ window: Window, _ shape: inout Shape, needsRim: Bool, isBare: Bool
    ) {
        var entry = ntk_plane_step()
        entry.opcode = NTK_CONV
        entry.input_height = Int32(shape.height)
        entry.input_width = Int32(shape.width)
        let (top, left) = (window.paddingY(shape.height), window.paddingX(shape.width))
        let isPadded = top.total > 0 || left.total > 0
        entry.window = ntk_window(
            height: Int32(window.height), width: Int32(window.width), stride_y: Int32(window.strideY),
            stride_x: Int32(window.strideX), top: Int32(top.front), left: Int32(left.front),
            is_circular: window.padding == .circular ? 1 : 0, is_padded: isPadded ? 1 : 0)
        entry.slot = Int.noSlot
        entry.after = Int.noSlot
        // Forward a padded window looks over the border; backwards every window does.
        rimY = max(rimY, top.front, window.height - 1 - top.front)
        rimX = max(rimX, left.front, window.width - 1 - left.front)
        if isPadded {
            if needsRim && window.padding == .same {
                entry.slot = size
                size += shape.height * shape.width
            }
            if window.padding == .circular { edit { $0.value.is_circular = 1 } }
        }
        shape.height = window.outputHeight(shape.height)
        shape.width = window.outputWidth(shape.width)
        shape.strideY *= window.strideY
        shape.strideX *= window.strideX
        shape.hasNTK = true
        if isBare {
            entry.after = size
            size += shape.height * shape.width
        }
        finish(&entry, step, shape)
    }

    private mutating func point(_ step: CovarianceStep, _ shape: Shape) {
        var entry = ntk_plane_step()
        entry.opcode = step.opcode
        entry.slot = size
        size += step.planeSlotCount * shape.height * shape.width
        finish(&entry, step, shape)
    }

    private mutating func append(_ opcode: ntk_opcode, _ shape: Shape) {
        var entry = ntk_plane_step()
        entry.opcode = opcode
        entry.height = Int32(shape.height)
        entry.width = Int32(shape.width)
        edit { $0.steps.append(entry) }
    }

    private mutating func finish(_ entry: inout ntk_plane_step, _ step: CovarianceStep, _ shape: Shape) {
        entry.height = Int32(shape.height)
        entry.width = Int32(shape.width)
        withUnsafeMutableBytes(of: &entry.parameters) { bytes in
            let parameters = bytes.assumingMemoryBound(to: Double.self)
            for (place, parameter) in step.parameters.enumerated() { parameters[place] = parameter }
        }
        let complete = entry
        edit { $0.steps.append(complete) }
    }

    private mutating func edit(_ change: (inout Segment) -> Void) { change(&segments[segments.count - 1]) }

    /// Displacements that each segment has to make, from the read-out backwards.
    private mutating func setRanges() {
        var need: (y: Int32, x: Int32) = (0, 0)
        var own: (y: Int32, x: Int32) = (0, 0)
        for index in segments.indices.reversed() {
            var segment = segments[index].value
            let (lastY, lastX) = (segment.end_height - 1, segment.end_width - 1)
            switch segment.sink {
            case NTK_POOL:
                let window = segment.pool
                segment.range_y = min(lastY, need.y * window.stride_y + window.height - 1)
                segment.range_x = min(lastX, need.x * window.stride_x + window.width - 1)
                segment.self_y = min(lastY, own.y * window.stride_y + window.height - 1)
                segment.self_x = min(lastX, own.x * window.stride_x + window.width - 1)
                own = (segment.self_y * segment.stride_y, segment.self_x * segment.stride_x)
            default:
                segment.range_y = segment.sink == NTK_FLATTEN ? 0 : lastY
                segment.range_x = segment.sink == NTK_FLATTEN ? 0 : lastX
                segment.self_y = -1
                segment.self_x = -1
            }
            need = (segment.range_y * segment.stride_y, segment.range_x * segment.stride_x)
            segments[index].value = segment
        }
    }
}

extension Int {
    /// NTK_NO_SLOT, which Swift does not import.
    fileprivate static var noSlot: Int { -1 }
}

extension CovarianceStep {
    /// Whether it acts on every entry alone.
    fileprivate var isPointwise: Bool {
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
