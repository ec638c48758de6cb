// What finite nets need beside matrix products. Images are [n, height, width, channels], row-major.
//
// Several cotangents may belong to one saved input: cotangent number i then belongs to number i % period of it.

extension Operation {
    // MARK: Convolution

    /// The windows of `count` images as rows of a matrix: [count · outputs, window · channels].
    /// - Parameters:
    ///   - columns: the matrix; zeros where a tap lies outside the image.
    ///   - images: from number `offset` on.
    package static func im2col(
        columns: Buffer, images: Buffer, offset: Int, shape: ImageShape, window: Window, count: Int
    ) -> Operation {
        let output = window.outputHeight(shape.height) * window.outputWidth(shape.width)
        return windowed(
            "Network/im2col", "im2col", [.buffer(columns), .buffer(images), .size(offset)], shape, window,
            range: count * output * window.height, weight: window.width * shape.channels)
    }

    /// The adjoint of ``im2col``: every pixel sums what the windows hold of it.
    /// - Parameter images: overwritten from number `offset` on.
    package static func col2im(
        images: Buffer, columns: Buffer, offset: Int, shape: ImageShape, window: Window, count: Int
    ) -> Operation {
        windowed(
            "Network/im2col", "col2im", [.buffer(images), .buffer(columns), .size(offset)], shape, window,
            range: count * shape.pixels, weight: window.count * shape.channels)
    }

    /// `z ← φ(z + scale · bias)` over rows of `channels` numbers, φ(x) = negative · min(x, 0) + positive · max(x, 0).
    /// - Parameters:
    ///   - values: z, from number `offset` on; `count` numbers.
    ///   - parameters: the bias from number `bias` on.
    package static func bias(
        values: Buffer, offset: Int, parameters: Buffer, bias: Int, channels: Int, scale: Double,
        slopes: (negative: Double, positive: Double), count: Int
    ) -> Operation {
        Operation(
            kernel: "Network/bias", precision: values.precision,
            arguments: [
                .buffer(values), .size(offset), .buffer(parameters), .size(bias), .size(channels), .real(scale),
                .real(slopes.negative), .real(slopes.positive), .size(count),
            ],
            range: count)
    }

    // MARK: Activations

    /// `target[i] ← φ(source[i])` from number `offset` on, φ(x) = negative · min(x, 0) + positive · max(x, 0).
    /// The buffers may be the same.
    package static func abrelu(
        target: Buffer, source: Buffer, offset: Int = 0, slopes: (negative: Double, positive: Double), count: Int
    ) -> Operation {
        Operation(
            kernel: "Network/abrelu", precision: target.precision,
            arguments: [
                .buffer(target), .buffer(source), .size(offset), .real(slopes.negative), .real(slopes.positive),
                .size(count),
            ],
            range: count)
    }

    /// `cotangent ← φ′(saved) · cotangent`, φ′(0) being the negative side's.
    package static func abreluReverse(
        cotangent: Buffer, saved: Buffer, slopes: (negative: Double, positive: Double), period: Int, count: Int
    ) -> Operation {
        Operation(
            kernel: "Network/abrelu", entryPoint: "abrelu_reverse", precision: cotangent.precision,
            arguments: [
                .buffer(cotangent), .buffer(saved), .size(period), .real(slopes.negative), .real(slopes.positive),
                .size(count),
            ],
            range: count)
    }

    /// `target[i] ← φ(source[i])` for an activation without parameters.
    package static func activation(
        _ function: SmoothActivation, target: Buffer, source: Buffer, count: Int
    ) -> Operation {
        smooth(function, "map", [.buffer(target), .buffer(source)], count)
    }

    /// `cotangent ← φ′(saved) · cotangent`, `saved` being the activation's input.
    package static func activationReverse(
        _ function: SmoothActivation, cotangent: Buffer, saved: Buffer, period: Int, count: Int
    ) -> Operation {
        smooth(function, "map_reverse", [.buffer(cotangent), .buffer(saved), .size(period)], count)
    }

    /// `target[i] ← φ″(saved[i]) tangent[i] cotangent[offset + i]`: what the cotangent of an activation's tangent means
    /// for its input.
    package static func activationCurvature(
        _ function: SmoothActivation, target: Buffer, cotangent: Buffer, offset: Int, saved: Buffer, tangent: Buffer,
        count: Int
    ) -> Operation {
        smooth(
            function, "map_curvature",
            [.buffer(target), .buffer(cotangent), .size(offset), .buffer(saved), .buffer(tangent)], count)
    }

    private static func smooth(
        _ function: SmoothActivation, _ step: String, _ arguments: [Argument], _ count: Int
    ) -> Operation {
        Operation(
            kernel: "Network/\(function.rawValue)", entryPoint: "\(function.rawValue)_\(step)",
            foundations: ["Network/smooth_map"], precision: arguments.precision, arguments: arguments + [.size(count)],
            range: count, weight: 16)
    }

    /// Every row of `channels` numbers less its mean, divided by √(variance + eps).
    package static func layerNorm(
        target: Buffer, source: Buffer, channels: Int, eps: Double, rows: Int
    ) -> Operation {
        Operation(
            kernel: "Network/layer_norm", precision: target.precision,
            arguments: [.buffer(target), .buffer(source), .size(channels), .real(eps), .size(rows)], range: rows,
            weight: channels)
    }

    /// The reverse step of ``layerNorm``, in place.
    /// - Parameter saved: its inputs, `period` rows.
    package static func layerNormReverse(
        cotangent: Buffer, saved: Buffer, period: Int, channels: Int, eps: Double, rows: Int
    ) -> Operation {
        Operation(
            kernel: "Network/layer_norm", entryPoint: "layer_norm_reverse", precision: cotangent.precision,
            arguments: [
                .buffer(cotangent), .buffer(saved), .size(period), .size(channels), .real(eps), .size(rows),
            ],
            range: rows, weight: channels)
    }

    /// What the cotangent of a ``layerNorm``'s tangent means for its input: the gradient of ⟨cotangent, J tangent⟩ in
    /// the inputs `saved`, J being the derivative at them.
    /// - Parameter cotangent: from number `offset` on.
    package static func layerNormCurvature(
        target: Buffer, cotangent: Buffer, offset: Int, saved: Buffer, tangent: Buffer, channels: Int, eps: Double,
        rows: Int
    ) -> Operation {
        Operation(
            kernel: "Network/layer_norm", entryPoint: "layer_norm_curvature", precision: target.precision,
            arguments: [
                .buffer(target), .buffer(cotangent), .size(offset), .buffer(saved), .buffer(tangent), .size(channels),
                .real(eps), .size(rows),
            ],
            range: rows, weight: 4 * channels)
    }

    // MARK: Pooling

    /// `scale` times the sum over each window; taps outside the image count as zero.
    package static func sumPool(
        target: Buffer, images: Buffer, scale: Double, shape: ImageShape, window: Window, count: Int
    ) -> Operation {
        let output = window.outputHeight(shape.height) * window.outputWidth(shape.width)
        return windowed(
            "Network/sum_pool", "sum_pool", [.buffer(target), .buffer(images), .real(scale)], shape, window,
            range: count * output, weight: window.count * shape.channels)
    }

    /// The adjoint of ``sumPool``.
    package static func sumPoolReverse(
        images: Buffer, cotangent: Buffer, scale: Double, shape: ImageShape, window: Window, count: Int
    ) -> Operation {
        windowed(
            "Network/sum_pool", "sum_pool_reverse", [.buffer(images), .buffer(cotangent), .real(scale)], shape, window,
            range: count * shape.pixels, weight: window.count * shape.channels)
    }

    /// The largest number of each window, and its tap in `choice`; the first of equal ones.
    package static func maxPool(
        target: Buffer, choice: Buffer, images: Buffer, shape: ImageShape, window: Window, count: Int
    ) -> Operation {
        let output = window.outputHeight(shape.height) * window.outputWidth(shape.width)
        return windowed(
            "Network/max_pool", "max_pool", [.buffer(target), .buffer(choice), .buffer(images)], shape, window,
            range: count * output, weight: window.count * shape.channels)
    }

    /// The tangent step of ``maxPool``: of each window the number at the tap that `choice` names.
    package static func maxPoolTangent(
        target: Buffer, choice: Buffer, images: Buffer, shape: ImageShape, window: Window, count: Int
    ) -> Operation {
        let output = window.outputHeight(shape.height) * window.outputWidth(shape.width)
        return windowed(
            "Network/max_pool", "max_pool_tangent", [.buffer(target), .buffer(choice), .buffer(images)], shape, window,
            range: count * output, weight: shape.channels)
    }

    /// The reverse step of ``maxPool``.
    /// - Parameter saved: images that `choice` holds.
    package static func maxPoolReverse(
        images: Buffer, cotangent: Buffer, choice: Buffer, saved: Int, shape: ImageShape, window: Window, count: Int
    ) -> Operation {
        windowed(
            "Network/max_pool", "max_pool_reverse",
            [.buffer(images), .buffer(cotangent), .buffer(choice), .size(saved)], shape, window,
            range: count * shape.pixels, weight: window.count * shape.channels)
    }

    // MARK: Training

    /// `y[j + i] ← alpha x[offset + i] + beta y[j + i]`, j being `target`; by default a sum. y is not read where beta
    /// is 0.
    package static func axpby(
        alpha: Double = 1, _ x: Buffer, from offset: Int = 0, beta: Double = 1, into y: Buffer, at target: Int = 0,
        count: Int
    ) -> Operation {
        Operation(
            kernel: "Network/axpby", precision: y.precision,
            arguments: [
                .buffer(x), .size(offset), .real(alpha), .buffer(y), .size(target), .real(beta), .size(count),
            ],
            range: count)
    }

    /// Softmax cross-entropy per point and `scale` times its gradient in the outputs; for one output the logistic
    /// loss of targets ±1.
    /// - Parameters:
    ///   - losses: [count].
    ///   - gradient, outputs, targets: [count, classes]; targets one-hot.
    package static func crossEntropy(
        losses: Buffer, gradient: Buffer, outputs: Buffer, targets: Buffer, classes: Int, scale: Double, count: Int
    ) -> Operation {
        loss("Network/cross_entropy", losses, gradient, outputs, targets, classes, scale, count)
    }

    /// Half the squared error per point and `scale` times its gradient in the outputs.
    package static func squaredError(
        losses: Buffer, gradient: Buffer, outputs: Buffer, targets: Buffer, classes: Int, scale: Double, count: Int
    ) -> Operation {
        loss("Network/squared_error", losses, gradient, outputs, targets, classes, scale, count)
    }

    /// `v ← momentum v + g + decay p`, `p ← p − rate v`, in place.
    package static func sgd(
        parameters: Buffer, velocity: Buffer, gradient: Buffer, rate: Double, momentum: Double, decay: Double
    ) -> Operation {
        Operation(
            kernel: "Network/sgd", precision: parameters.precision,
            arguments: [
                .buffer(parameters), .buffer(velocity), .buffer(gradient), .real(rate), .real(momentum), .real(decay),
                .size(parameters.count),
            ],
            range: parameters.count)
    }

    // MARK: Empirical NTK

    /// `ntk[first + i, a, j, b] ← Σ_{p, q} (w² gram[ip, jq] + b²) product[ip, bjq]` for one a and all b.
    /// - Parameters:
    ///   - ntk: [points, outputs, columns, outputs], points being `first + rows` or more.
    ///   - gram: of patches, [rows · pixels, columns · pixels].
    ///   - product: of cotangents, [rows · pixels, outputs · columns · pixels].
    ///   - scales: w and b.
    package static func patchGram(
        ntk: Buffer, from first: Int, gram: Buffer, product: Buffer, rows: Int, columns: Int, pixels: Int, outputs: Int,
        a: Int, scales: (weights: Double, bias: Double)
    ) -> Operation {
        Operation(
            kernel: "Network/patch_gram", precision: ntk.precision,
            arguments: [
                .buffer(ntk), .size(first), .buffer(gram), .buffer(product), .size(columns), .size(pixels),
                .size(outputs), .size(a), .real(scales.weights * scales.weights), .real(scales.bias * scales.bias),
                .size(rows * columns),
            ],
            range: rows * columns, weight: 2 * pixels * pixels * outputs)
    }

    // MARK: Arguments in common

    private static func loss(
        _ kernel: String, _ losses: Buffer, _ gradient: Buffer, _ outputs: Buffer, _ targets: Buffer, _ classes: Int,
        _ scale: Double, _ count: Int
    ) -> Operation {
        Operation(
            kernel: kernel, precision: outputs.precision,
            arguments: [
                .buffer(losses), .buffer(gradient), .buffer(outputs), .buffer(targets), .size(classes), .real(scale),
                .size(count),
            ],
            range: count, weight: 16 * classes)
    }

    /// Appends the geometry in the order of `Network/window.cl`, and the range.
    private static func windowed(
        _ kernel: String, _ entryPoint: String, _ arguments: [Argument], _ shape: ImageShape, _ window: Window,
        range: Int, weight: Int
    ) -> Operation {
        let geometry = [
            shape.height, shape.width, shape.channels, window.outputHeight(shape.height),
            window.outputWidth(shape.width), window.height, window.width, window.strideY, window.strideX,
            window.paddingY(shape.height).front, window.paddingX(shape.width).front,
            window.padding == .circular ? 1 : 0, range,
        ]
        return Operation(
            kernel: kernel, entryPoint: entryPoint, foundations: ["Network/window"],
            precision: arguments.precision, arguments: arguments + geometry.map { .size($0) }, range: range,
            weight: weight)
    }
}

/// Activations whose derivative is not read off their output.
package enum SmoothActivation: String, Sendable {
    case erf
    case gelu
}

extension [Operation.Argument] {
    /// Precision of the first buffer.
    fileprivate var precision: Precision {
        guard case .buffer(let buffer) = first else { preconditionFailure("an operation begins with a buffer") }
        return buffer.precision
    }
}
