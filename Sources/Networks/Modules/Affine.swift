import Compute

/// A layer with weights, dense or convolutional, with an activation behind it where that can be read off its output:
/// `y = φ(w · patch + b · bias)` at every window, w and b being scales of the parameterization.
///
/// A convolution is a product of its windows, laid out as rows, with the filter as a [taps · channels, outputs]
/// matrix; a dense layer is one whose window is the single pixel of a vector. Windows are laid out for as many images
/// at a time as `NetworkMemory.columnLimit` allows, and once more in the reverse pass rather than kept.
struct Affine: Module {
    /// Position among the layers with weights, from the input on.
    let index: Int
    /// `dense` or `conv`.
    let kind: String
    let input: ImageShape
    let output: ImageShape
    let window: Window
    /// [window height, window width, channels, outputs] for a convolution, [inputs, outputs] for a dense layer.
    let weights: ParameterArray
    let bias: ParameterArray?
    /// Scales of weights and bias; 1 in the standard parameterization.
    let weightScale: Double
    let biasScale: Double
    /// Slopes of the activation; nil for none.
    var slopes: (negative: Double, positive: Double)?

    /// Numbers that one output sees.
    var patch: Int { window.count * input.channels }
    /// Whether every window is a single pixel in its place, so that the input is its own matrix of windows.
    var isPointwise: Bool { window.count == 1 && window.strideY == 1 && window.strideX == 1 }

    func forward(_ input: PooledBuffer, _ pass: ForwardPass) throws(ComputeError) -> (PooledBuffer, Tape) {
        let memory = pass.memory
        let result = try memory.borrow(pass.points * output.count)
        try forEachChunk(0..<pass.points, memory) { (images, backend) throws(ComputeError) in
            try multiply(input, pass.parameters, into: result.buffer, images, memory, backend)
            if let finish = finish(result.buffer, images, pass.parameters, slopes) { try backend.run(finish) }
        }
        return (result, .affine(input: input, output: slopes == nil ? nil : result))
    }

    func tangent(
        _ tangent: PooledBuffer?, _ tape: Tape, _ pass: TangentPass
    ) throws(ComputeError) -> (PooledBuffer?, Tape) {
        guard case .affine(let input, let output) = tape else { preconditionFailure("a tape of another module") }
        let (memory, points) = (pass.memory, pass.points)
        let result = try memory.borrow(points * self.output.count)
        try forEachChunk(0..<points, memory) { (images, backend) throws(ComputeError) in
            try multiply(input, pass.direction, into: result.buffer, images, memory, backend)
            if let tangent {
                try multiply(tangent, pass.parameters, into: result.buffer, images, beta: 1, memory, backend)
            }
            if let finish = finish(result.buffer, images, pass.direction, nil) { try backend.run(finish) }
        }
        if let slopes, let output {
            try memory.backend.run(
                .abreluReverse(
                    cotangent: result.buffer, saved: output.buffer, slopes: slopes, period: result.buffer.count,
                    count: result.buffer.count))
        }
        return (result, tape)
    }

    /// Windows of some images times filters, to their place in `target`.
    private func multiply(
        _ input: PooledBuffer, _ filters: Buffer, into target: Buffer, _ images: Range<Int>, beta: Double = 0,
        _ memory: NetworkMemory, _ backend: any Backend
    ) throws(ComputeError) {
        let columns = try columns(input.buffer, images, memory, backend)
        try backend.multiply(
            MatrixProduct(
                a: columns.buffer, b: filters, c: target, m: images.count * output.pixels, n: output.channels,
                k: patch, alpha: weightScale, beta: beta,
                placeA: .init(offset: isPointwise ? images.lowerBound * self.input.count : 0),
                placeB: .init(offset: weights.offset), placeC: .init(offset: images.lowerBound * output.count)))
    }

    func reverse(
        _ cotangent: PooledBuffer, _ tape: Tape, _ pass: ReversePass, wantsInput: Bool
    ) throws(ComputeError) -> PooledBuffer? {
        guard case .affine(let input, let output) = tape else { preconditionFailure("a tape of another module") }
        if let slopes, let output {
            try pass.memory.backend.run(
                .abreluReverse(
                    cotangent: cotangent.buffer, saved: output.buffer, slopes: slopes,
                    period: pass.points * self.output.count, count: pass.rows * self.output.count))
        }
        if let visit = pass.visit { try visit(self, input, cotangent) }
        return wantsInput ? try inputCotangent(cotangent.buffer, pass) : nil
    }

    /// The cotangent of the input: filter times cotangent, gathered from the windows.
    private func inputCotangent(_ cotangent: Buffer, _ pass: ReversePass) throws(ComputeError) -> PooledBuffer {
        let memory = pass.memory
        let result = try memory.borrow(pass.rows * input.count)
        let parts = pass.direction == nil ? [0..<pass.rows] : [0..<pass.points, pass.points..<pass.rows]
        for part in parts {
            try forEachChunk(part, memory) { (images, backend) throws(ComputeError) in
                let columns = isPointwise ? result : try memory.borrow(images.count * output.pixels * patch)
                func multiply(_ filters: Buffer, _ first: Int, beta: Double) throws(ComputeError) {
                    try backend.multiply(
                        MatrixProduct(
                            a: cotangent, b: filters, c: columns.buffer, m: images.count * output.pixels, n: patch,
                            k: output.channels, transposeB: true, alpha: weightScale, beta: beta,
                            placeA: .init(offset: first * output.count), placeB: .init(offset: weights.offset),
                            placeC: .init(offset: isPointwise ? images.lowerBound * input.count : 0)))
                }
                try multiply(pass.parameters, images.lowerBound, beta: 0)
                if let direction = pass.direction, images.lowerBound < pass.points {
                    try multiply(direction, images.lowerBound + pass.points, beta: 1)
                }
                if isPointwise { return }
                try backend.run(
                    .col2im(
                        images: result.buffer, columns: columns.buffer, offset: images.lowerBound * input.count,
                        shape: input, window: window, count: images.count))
            }
        }
        return result
    }

    /// Writes the gradient in weights and bias, summed over all points, to their places in `gradient`.
    /// - Parameters:
    ///   - input: [points, …].
    ///   - cotangent: of the affine output, [points, …].
    func parameterGradient(
        input: Buffer, cotangent: Buffer, points: Int, into gradient: Buffer, _ memory: NetworkMemory
    ) throws(ComputeError) {
        // Several sums over parts of the points side by side, which follow each other in one buffer: which points make
        // one depends on sizes alone.
        let chunks = chunks(0..<points, memory)
        let parts = Self.parts(chunks, of: max(1, (chunks.count + 7) / 8))
        guard parts.count > 1 else {
            for images in chunks {
                try addGradient(
                    input, cotangent, images, isFirst: images == chunks.first, into: gradient, at: weights.offset,
                    memory, memory.backend)
            }
            return
        }
        let sums = try memory.borrow(parts.count * parameterCount)
        try memory.backend.concurrently(parts.count) { (backend, part) throws(ComputeError) in
            for images in parts[part] {
                try addGradient(
                    input, cotangent, images, isFirst: images == parts[part].first, into: sums.buffer,
                    at: part * parameterCount, memory, backend)
            }
        }
        for part in parts.indices {
            try memory.backend.run(
                .axpby(
                    sums.buffer, from: part * parameterCount, beta: part == 0 ? 0 : 1, into: gradient,
                    at: weights.offset, count: parameterCount))
        }
    }

    /// Adds the gradient of some images to a sum, weights before bias.
    private func addGradient(
        _ input: Buffer, _ cotangent: Buffer, _ images: Range<Int>, isFirst: Bool, into sum: Buffer, at offset: Int,
        _ memory: NetworkMemory, _ backend: any Backend
    ) throws(ComputeError) {
        let rows = images.count * output.pixels
        // The first product overwrites what an earlier step has left.
        let beta = isFirst ? 0.0 : 1
        let columns = try columns(input, images, memory, backend)
        try backend.multiply(
            MatrixProduct(
                a: columns.buffer, b: cotangent, c: sum, m: patch, n: output.channels, k: rows, transposeA: true,
                alpha: weightScale, beta: beta,
                placeA: .init(offset: isPointwise ? images.lowerBound * self.input.count : 0),
                placeB: .init(offset: images.lowerBound * output.count), placeC: .init(offset: offset)))
        guard bias != nil else { return }
        try backend.multiply(
            MatrixProduct(
                a: memory.ones(rows), b: cotangent, c: sum, m: 1, n: output.channels, k: rows, alpha: biasScale,
                beta: beta, placeB: .init(offset: images.lowerBound * output.count),
                placeC: .init(offset: offset + weights.count)))
    }

    /// The windows of some images as rows, from the first number of the buffer on; where every window is a pixel the
    /// whole input as it is.
    func columns(
        _ input: Buffer, _ images: Range<Int>, _ memory: NetworkMemory, _ backend: any Backend
    ) throws(ComputeError) -> PooledBuffer {
        if isPointwise { return PooledBuffer(foreign: input) }
        let columns = try memory.borrow(images.count * output.pixels * patch)
        try backend.run(
            .im2col(
                columns: columns.buffer, images: input, offset: images.lowerBound * self.input.count,
                shape: self.input, window: window, count: images.count))
        return columns
    }

    /// Does something for all images, those together whose windows are laid out together, and several such groups side
    /// by side.
    func forEachChunk(
        _ images: Range<Int>, _ memory: NetworkMemory,
        _ body: @Sendable (Range<Int>, any Backend) throws(ComputeError) -> Void
    ) throws(ComputeError) {
        let chunks = chunks(images, memory)
        try memory.backend.concurrently(chunks.count) { (backend, index) throws(ComputeError) in
            try body(chunks[index], backend)
        }
    }

    private static func parts(_ chunks: [Range<Int>], of size: Int) -> [ArraySlice<Range<Int>>] {
        stride(from: 0, to: chunks.count, by: size).map { chunks[$0..<min($0 + size, chunks.count)] }
    }

    /// Images whose windows are laid out together.
    private func chunks(_ images: Range<Int>, _ memory: NetworkMemory) -> [Range<Int>] {
        let size = isPointwise ? max(images.count, 1) : max(1, memory.columnLimit / (output.pixels * patch))
        return stride(from: images.lowerBound, to: images.upperBound, by: size).map {
            $0..<min($0 + size, images.upperBound)
        }
    }

    /// Bias and activation of some images; nil where there is neither.
    private func finish(
        _ values: Buffer, _ images: Range<Int>, _ parameters: Buffer, _ slopes: (negative: Double, positive: Double)?
    ) -> Operation? {
        let (offset, count) = (images.lowerBound * output.count, images.count * output.count)
        guard let bias else {
            return slopes.map {
                .abrelu(target: values, source: values, offset: offset, slopes: $0, count: count)
            }
        }
        return .bias(
            values: values, offset: offset, parameters: parameters, bias: bias.offset, channels: output.channels,
            scale: biasScale, slopes: slopes ?? (1, 1), count: count)
    }
}
