import Compute

extension OpenCLBackend {
    package func predict(
        _ linearization: Linearization, weights: Buffer, outputs: Int
    ) throws(ComputeError) -> Buffer {
        let factors = context.factors(of: linearization)
        return try predict(
            factors.value, width: factors.width, linearization.rows, linearization.columns, weights, outputs)
    }

    package func predict(
        _ kind: CovarianceKind, rows: CovarianceInputs, columns: CovarianceInputs, weights: Buffer, outputs: Int
    ) throws(ComputeError) -> Buffer {
        // On planes a linearization holds the values alone.
        guard rows.program.geometry == .scalar else {
            return try predict(linearize(kind, rows: rows, columns: columns), weights: weights, outputs: outputs)
        }
        let (left, right) = (context.tables(of: rows), context.tables(of: columns))
        precondition(left.source == right.source, "rows and columns were prepared for different programs")
        let kernel = try kernel("gram", of: left.source)
        let values = try Memory(
            rows.count * right.stride * rows.precision.byteCount, in: context, advice: "handle fewer points at a time")
        let arguments: [KernelArgument] =
            [.buffer(left.parameters)] + left.arguments + [.size(0), .size(rows.count)] + right.arguments
            + [
                .size(0), .size(right.stride), .size(rows.program.input.count), .int(0),
                .int(kind == .nngp ? 1 : 2), .memory(values), .memory(values),
            ]
        try launchTiles(kernel, arguments, rows: rows.count, columns: right.stride, rows.precision)
        return try predict(values, width: right.stride, rows, columns, weights, outputs)
    }

    /// - Parameter values: covariances of rows × columns, [rows, width].
    private func predict(
        _ values: Memory, width: Int, _ rows: CovarianceInputs, _ columns: CovarianceInputs, _ weights: Buffer,
        _ outputs: Int
    ) throws(ComputeError) -> Buffer {
        let kernel = try kernel("predict", of: pullbackSource(rows.precision))
        let turned = try turn(weights, of: columns, width: width, outputs, to: accumulatePrecision)
        let predictions = try allocate(rows.count * outputs, accumulatePrecision)
        try launch(
            kernel,
            [
                .memory(values), .size(rows.count), .size(width), .memory(turned),
                .size(outputs), .buffer(predictions),
            ],
            global: [outputs * sumGroup, rows.count], local: [sumGroup, 1])
        return predictions
    }

    // MARK: What gradients need too

    /// Work-items that share one sum.
    var sumGroup: Int { form == .group ? CovarianceForm.sumGroup : 1 }

    func pullbackSource(_ precision: Precision) -> ProgramSource {
        ProgramSource(
            name: "Covariance/pullback_\(form.rawValue)", precision: precision,
            parts: [
                .file("Covariance/pair.cl"), .file("Covariance/sums.cl"), .file("Covariance/pullback.cl"),
                .file("Covariance/pullback_\(form.rawValue).cl"),
            ],
            options: form.options(precision, context.device))
    }

    /// Weights as [outputs, width] in `target`, zero past the last column.
    func turn(
        _ weights: Buffer, of columns: CovarianceInputs, width: Int, _ outputs: Int, to target: Precision
    ) throws(ComputeError) -> Memory {
        let count = columns.count
        precondition(weights.count >= count * outputs, "\(weights.count) weights for \(count) × \(outputs)")
        // Where both are the same type, either kernel does.
        let precision = columns.precision
        let entryPoint = target == accumulatePrecision ? "turn_to_acc" : "turn_to_scalar"
        let kernel = try kernel(entryPoint, of: pullbackSource(precision))
        let turned = try Memory(outputs * width * target.byteCount, in: context)
        try launch(
            kernel, [.buffer(weights), .size(count), .size(outputs), .memory(turned), .size(width)],
            global: [width, outputs], local: [form.panel(precision, context.device), 1])
        return turned
    }
}
