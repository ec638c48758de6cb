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
        for images in chunks(pass.points, memory) {
            let columns = try columns(input.buffer, images, points: pass.points, memory)
            try memory.backend.multiply(
                MatrixProduct(
                    a: columns.buffer, b: pass.parameters, c: result.buffer, m: images.count * output.pixels,
                    n: output.channels, k: patch, alpha: weightScale,
                    placeA: .init(offset: isPointwise ? images.lowerBound * self.input.count : 0),
                    placeB: .init(offset: weights.offset),
                    placeC: .init(offset: images.lowerBound * output.count)))
            if let finish = finish(result.buffer, images, pass.parameters) { try memory.backend.run(finish) }
        }
        return (result, .affine(input: input, output: slopes == nil ? nil : result))
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
        for images in chunks(pass.rows, memory) {
            let columns = isPointwise ? result : try memory.borrow(images.count * output.pixels * patch)
            try memory.backend.multiply(
                MatrixProduct(
                    a: cotangent, b: pass.parameters, c: columns.buffer, m: images.count * output.pixels, n: patch,
                    k: output.channels, transposeB: true, alpha: weightScale,
                    placeA: .init(offset: images.lowerBound * output.count), placeB: .init(offset: weights.offset),
                    placeC: .init(offset: isPointwise ? images.lowerBound * input.count : 0)))
            if isPointwise { continue }
            try memory.backend.run(
                .col2im(
                    images: result.buffer, columns: columns.buffer, offset: images.lowerBound * input.count,
                    shape: input, window: window, count: images.count))
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
        for images in chunks(points, memory) {
            let rows = images.count * output.pixels
            // The first product overwrites what an earlier step has left.
            let beta = images.lowerBound == 0 ? 0.0 : 1
            let columns = try columns(input, images, points: points, memory)
            try memory.backend.multiply(
                MatrixProduct(
                    a: columns.buffer, b: cotangent, c: gradient, m: patch, n: output.channels, k: rows,
                    transposeA: true, alpha: weightScale, beta: beta,
                    placeA: .init(offset: isPointwise ? images.lowerBound * self.input.count : 0),
                    placeB: .init(offset: images.lowerBound * output.count), placeC: .init(offset: weights.offset)))
            guard let bias else { continue }
            try memory.backend.multiply(
                MatrixProduct(
                    a: memory.ones(rows), b: cotangent, c: gradient, m: 1, n: output.channels, k: rows,
                    alpha: biasScale, beta: beta, placeB: .init(offset: images.lowerBound * output.count),
                    placeC: .init(offset: bias.offset)))
        }
    }

    /// The windows of some images as rows, from the first number of the buffer on; where every window is a pixel the
    /// whole input as it is.
    func columns(
        _ input: Buffer, _ images: Range<Int>, points: Int, _ memory: NetworkMemory
    ) throws(ComputeError) -> PooledBuffer {
        if isPointwise { return PooledBuffer(foreign: input) }
        let columns = try memory.borrow(images.count * output.pixels * patch)
        try memory.backend.run(
            .im2col(
                columns: columns.buffer, images: input, offset: images.lowerBound * self.input.count,
                shape: self.input, window: window, count: images.count))
        return columns
    }

    /// Images whose windows are laid out together.
    func chunks(_ count: Int, _ memory: NetworkMemory) -> [Range<Int>] {
        let size = isPointwise ? max(count, 1) : max(1, memory.columnLimit / (output.pixels * patch))
        return stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
    }

    /// Bias and activation of some images; nil where there is neither.
    private func finish(_ values: Buffer, _ images: Range<Int>, _ parameters: Buffer) -> Operation? {
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
