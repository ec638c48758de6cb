extension PlanesPlan {
    /// - Precondition: the program is not scalar.
    package init(_ program: CovarianceProgram) {
        var layout = PlanesLayout(program)
        self = layout.plan()
    }
}

/// A plan while it is laid out, step by step.
private struct PlanesLayout {
    /// A state of the stack: its image, and the plane or the tensor that holds it.
    private struct State {
        enum Place: Equatable {
            case plane(Int)
            /// Made by a segment; nil for the inputs.
            case tensor(Int?)
        }

        var place: Place
        var height: Int
        var width: Int
        var hasNTK: Bool
        var pixels: Int { height * width }
    }

    /// What steps want of the displacements of their planes.
    private enum Displacements {
        case wrapping
        case plain
    }

    private let program: CovarianceProgram
    private var planes: PlanesPlan
    /// The segment that is being laid out, and planes that nothing lies in.
    private var segment = PlanesPlan.Segment()
    private var free: Set<Int>
    private var displacements: Displacements?
    private var stack: [State]
    /// Whether each open residual block holds its states as tensors.
    private var blocks: [Bool] = []

    init(_ program: CovarianceProgram) {
        self.program = program
        planes = PlanesPlan(input: program.input, depth: program.depth)
        free = Set(0...program.depth)
        stack = [
            State(place: .tensor(nil), height: program.input.height, width: program.input.width, hasNTK: false)
        ]
    }

    mutating func plan() -> PlanesPlan {
        guard let readout = program.readout else { preconditionFailure("a program on planes has a read-out") }
        // Dense layers at the end are an affine map of what the last segment sums up. What stands between the read-out
        // and them runs as a segment of its own, on images of one pixel.
        let linear = program.steps.lastIndex { if case .dense = $0 { false } else { true } } ?? readout
        for index in 0...linear { append(index) }
        if readout < linear { close(.flatten, scale: 1, spread: false) }
        planes.tail = PlanesTail(program.steps[(linear + 1)...])
        planes.finish()
        return planes
    }

    private var top: Int { stack.count - 1 }

    private mutating func append(_ index: Int) {
        let step = program.steps[index]
        switch step {
        case .convolution(let window, _, _): convolve(index, window)
        case .dense: convolve(index, .pixel)
        case .abrelu, .erf, .gelu, .layerNorm:
            let plane = load(top)
            add(.point(step), from: plane, to: plane, keep(step.parameters), slots: step.planeSlotCount)
        case .fork: fork(index)
        case .exchange: exchange(index)
        case .join:
            let (shortcut, main) = (load(top), load(top - 1))
            blocks.removeLast()
            add(.join, from: shortcut, to: main)
            free.insert(shortcut)
            stack[top - 1].hasNTK = stack[top - 1].hasNTK || stack[top].hasNTK
            stack.removeLast()
        case .pool(let window, let isMean): pool(window, isMean)
        case .flatten, .globalPool:
            let entries = Double(stack[0].pixels)
            _ = load(0)
            let isFlat = step == .flatten
            close(
                isFlat ? .flatten : .globalPool, scale: isFlat ? 1 / entries : 1 / (entries * entries),
                spread: !isFlat && hasPoints(behind: index))
            (stack[0].height, stack[0].width) = (1, 1)
        }
    }

    /// Whether anything but dense layers follows.
    private func hasPoints(behind index: Int) -> Bool {
        program.steps[(index + 1)...].contains { if case .dense = $0 { false } else { true } }
    }

    // MARK: Steps

    private mutating func reserve(_ count: Int) -> Int {
        defer { planes.size += count }
        return planes.size
    }

    private mutating func keep(_ values: [Double]) -> Int {
        defer { planes.parameters += values }
        return planes.parameters.count
    }

    /// Appends a step that leaves the size of the image at the top as it is, or makes it `height` × `width`.
    private mutating func add(
        _ operation: PlanesPlan.Operation, from input: Int, to output: Int, _ parameter: Int = 0, slots: Int = 0,
        height: Int? = nil, width: Int? = nil
    ) {
        let state = stack[top]
        segment.steps.append(
            PlanesPlan.Step(
                operation: operation, input: input, output: output, inputHeight: state.height,
                inputWidth: state.width, height: height ?? state.height, width: width ?? state.width,
                slot: slots > 0 ? reserve(slots * state.pixels) : nil, after: nil, parameter: parameter,
                hasNTK: state.hasNTK))
        planes.height = max(planes.height, height ?? 0)
        planes.width = max(planes.width, width ?? 0)
    }

    private mutating func takePlane() -> Int {
        guard let plane = free.min() else { preconditionFailure("a net deeper than its program says") }
        free.remove(plane)
        return plane
    }

    /// The plane of a state; takes it up from its tensor where it lies in none.
    private mutating func load(_ place: Int) -> Int {
        switch stack[place].place {
        case .plane(let plane): return plane
        case .tensor(let source):
            let plane = takePlane()
            let state = stack[place]
            segment.steps.append(
                PlanesPlan.Step(
                    operation: .load(segment: source), input: plane, output: plane, inputHeight: state.height,
                    inputWidth: state.width, height: state.height, width: state.width,
                    slot: source.flatMap { planes.segments[$0].spread },
                    after: nil, parameter: source.map { planes.segments[$0].scaleParameter } ?? 0,
                    hasNTK: state.hasNTK))
            stack[place].place = .plane(plane)
            return plane
        }
    }

    private mutating func convolve(_ index: Int, _ filter: Window) {
        let wishes = wishes(of: program.steps[index], height: stack[top].height, width: stack[top].width)
        want(wishes)
        let window = wishes.hasPool ? wrapAround(filter) : filter
        let input = stack[top]
        let (top, left) = (window.paddingY(input.height), window.paddingX(input.width))
        // Forward a padded window looks over the border; backwards every window does.
        planes.rimY = max(planes.rimY, top.front, window.height - 1 - top.front)
        planes.rimX = max(planes.rimX, left.front, window.width - 1 - left.front)
        let isPadded = top.total > 0 || left.total > 0
        let needsRim = isPadded && program.geometry == .full && window.padding == .same
        let from = load(self.top)
        let to = takePlane()
        let output = (window.outputHeight(input.height), window.outputWidth(input.width))
        add(
            .convolution(window), from: from, to: to, keep(program.steps[index].parameters),
            slots: needsRim ? 1 : 0, height: output.0, width: output.1)
        let isBare = index + 1 == program.steps.count || !program.steps[index + 1].isPointwise
        if isBare { segment.steps[segment.steps.count - 1].after = reserve(output.0 * output.1) }
        free.insert(from)
        stack[self.top] = State(place: .plane(to), height: output.0, width: output.1, hasNTK: true)
    }

    /// Puts what wraps around beside the image at the top, so that the filter stays inside.
    private mutating func wrapAround(_ filter: Window) -> Window {
        let (state, vertical, horizontal) = (
            stack[top], filter.paddingY(stack[top].height), filter.paddingX(stack[top].width)
        )
        let pool = PlanesPlan.Pool(
            window: .pixel, top: vertical.front, left: horizontal.front, height: state.height + vertical.total,
            width: state.width + horizontal.total, scale: 1)
        close(.pool(pool), scale: 1, spread: false)
        planes.height = max(planes.height, pool.height)
        planes.width = max(planes.width, pool.width)
        return Window(
            height: filter.height, width: filter.width, strideY: filter.strideY, strideX: filter.strideX,
            padding: .valid)
    }

    // MARK: Residual blocks

    /// A block that a tensor ends in the middle of starts from a tensor, of which its branches each take what they need.
    private mutating func fork(_ index: Int) {
        let wishes = wishes(in: index + 1..<end(ofBlock: index), height: stack[top].height, width: stack[top].width)
        let isBroken = wishes.hasPool || wishes.wraps && wishes.isPlain
        blocks.append(isBroken)
        if isBroken {
            keepAsTensor()
            stack.append(stack[top])
        } else {
            want(wishes)
            let plane = load(top)
            let copy = takePlane()
            add(.fork, from: plane, to: copy)
            stack.append(stack[top])
            stack[top].place = .plane(copy)
        }
    }

    private mutating func exchange(_ index: Int) {
        let shortcut = stack[top - 1]
        let wishes = wishes(
            in: index + 1..<end(ofBlock: index), height: shortcut.height, width: shortcut.width)
        let isBroken = wishes.hasPool || wishes.wraps && wishes.isPlain || isAgainst(wishes)
        if blocks[blocks.count - 1] && isBroken { keepAsTensor() }
        stack.swapAt(top, top - 1)
    }

    /// The `join` of the block that is open at step `index`.
    private func end(ofBlock index: Int) -> Int {
        var depth = 1
        for place in program.steps.indices where place > index {
            if program.steps[place] == .fork { depth += 1 }
            if program.steps[place] == .join { depth -= 1 }
            if depth == 0 { return place }
        }
        preconditionFailure("a residual block that does not end")
    }

    // MARK: Displacements

    /// What a run of steps wants.
    private struct Wishes {
        var wraps = false
        var isPlain = false
        var hasPool = false
    }

    /// Along D = 0 alone, whatever wraps around meets itself.
    private func wishes(of step: CovarianceStep, height: Int, width: Int) -> Wishes {
        guard program.geometry == .full else { return Wishes() }
        guard case .convolution(let window, _, _) = step else { return Wishes() }
        let isPadded = window.paddingY(height).total > 0 || window.paddingX(width).total > 0
        let closes =
            window.outputHeight(height) * window.strideY == height
            && window.outputWidth(width) * window.strideX == width
        // One whose outputs do not close the circle wants its input with what wraps around beside it, which is a tensor.
        if isPadded && window.padding == .circular { return Wishes(wraps: true, hasPool: !closes) }
        return Wishes(isPlain: isPadded || !closes)
    }

    private func wishes(in range: Range<Int>, height: Int, width: Int) -> Wishes {
        var all = Wishes()
        var sizes = [(height, width)]
        for step in program.steps[range] {
            let size = sizes[sizes.count - 1]
            switch step {
            case .convolution(let window, _, _):
                let own = wishes(of: step, height: size.0, width: size.1)
                (all.wraps, all.isPlain) = (all.wraps || own.wraps, all.isPlain || own.isPlain)
                sizes[sizes.count - 1] = (window.outputHeight(size.0), window.outputWidth(size.1))
            case .pool(let window, _):
                all.hasPool = true
                sizes[sizes.count - 1] = (window.outputHeight(size.0), window.outputWidth(size.1))
            case .fork: sizes.append(size)
            case .exchange:
                // Of the block around the range what the shortcut starts from is where the range began.
                if sizes.count > 1 { sizes.swapAt(sizes.count - 1, sizes.count - 2) } else { sizes = [(height, width)] }
            case .join: if sizes.count > 1 { sizes.removeLast() }
            default: break
            }
        }
        return all
    }

    private func isAgainst(_ wishes: Wishes) -> Bool {
        wishes.wraps && displacements == .plain || wishes.isPlain && displacements == .wrapping
    }

    /// Makes the displacements of the segment what the next steps want: of what is there a tensor, where they are not.
    private mutating func want(_ wishes: Wishes) {
        if isAgainst(wishes) { keepAsTensor() }
        if wishes.wraps { displacements = .wrapping } else if wishes.isPlain { displacements = .plain }
    }

    // MARK: Sinks

    /// The state at the top as a tensor.
    private mutating func keepAsTensor() {
        guard case .plane = stack[top].place else { return }
        let pool = PlanesPlan.Pool(
            window: .pixel, top: 0, left: 0, height: stack[top].height, width: stack[top].width, scale: 1)
        close(.pool(pool), scale: 1, spread: false)
    }

    private mutating func pool(_ window: Window, _ isMean: Bool) {
        let (vertical, horizontal) = (window.paddingY(stack[top].height), window.paddingX(stack[top].width))
        let isPadded = vertical.total > 0 || horizontal.total > 0
        let wraps = isPadded && window.padding == .circular
        let size = (window.outputHeight(stack[top].height), window.outputWidth(stack[top].width))
        if isPadded { want(Wishes(wraps: wraps, isPlain: !wraps)) }
        let plane = load(top)
        if isPadded && !wraps {
            let padded = (stack[top].height + vertical.total, stack[top].width + horizontal.total)
            let to = takePlane()
            add(
                .pad(top: vertical.front, left: horizontal.front), from: plane, to: to, slots: 1, height: padded.0,
                width: padded.1)
            free.insert(plane)
            (stack[top].place, stack[top].height, stack[top].width) = (.plane(to), padded.0, padded.1)
        }
        let count = Double(window.count)
        let scale = isMean ? 1 / (count * count) : 1
        let pool = PlanesPlan.Pool(
            window: window, top: wraps ? vertical.front : 0, left: wraps ? horizontal.front : 0, height: size.0,
            width: size.1, scale: scale)
        close(.pool(pool), scale: scale, spread: window.count > 1)
    }

    /// Ends the segment with the state at the top, which becomes a tensor.
    private mutating func close(_ sink: PlanesPlan.Sink, scale: Double, spread: Bool) {
        segment.end = load(top)
        (segment.endHeight, segment.endWidth) = (stack[top].height, stack[top].width)
        segment.sink = sink
        segment.isCircular = displacements == .wrapping
        segment.scaleParameter = keep([scale])
        if case .pool(let pool) = sink { (stack[top].height, stack[top].width) = (pool.height, pool.width) }
        let pixels = if case .pool = sink { stack[top].pixels } else { 1 }
        segment.spread = spread ? reserve(pixels) : nil
        precondition(
            stack.dropLast().allSatisfy { if case .tensor = $0.place { true } else { false } },
            "a state that lies in a plane when its segment ends")
        planes.segments.append(segment)
        stack[top].place = .tensor(planes.segments.count - 1)
        segment = PlanesPlan.Segment()
        free = Set(0...program.depth)
        displacements = nil
    }
}

extension Window {
    /// That of a dense layer, on images of one pixel.
    fileprivate static let pixel = Window(height: 1, width: 1, strideY: 1, strideX: 1, padding: .valid)
}

extension CovarianceStep {
    /// Whether it acts on every entry of a plane alone.
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
