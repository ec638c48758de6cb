import Compute

/// Arguments of a gradient with known coefficients.
struct RowGradient {
    let kind: CovarianceKind
    let rows: CovarianceInputs
    let columns: CovarianceInputs
    /// [rows, count, outputs]
    let cotangents: Buffer
    let count: Int
    /// [columns, outputs]
    let weights: Buffer
    let outputs: Int

    /// Gradients that are asked for.
    var total: Int { rows.count * count }
    var dimension: Int { rows.program.input.count }
    /// Local memory for the points.
    var localBytes: Int { rows.count * dimension * rows.precision.byteCount }
}

/// Gradients of a few rows: one pass over the columns, in `Kernels/Covariance/row.cl`.
extension OpenCLBackend {
    /// Few rows and gradients, since every row's products and every gradient's sum are passes of their own through the
    /// near cache; and points that local memory can hold.
    func suits(_ request: RowGradient) -> Bool {
        request.total > 0 && request.rows.count + request.total <= RowParts.mostPasses && request.columns.count > 0
            && request.localBytes <= device.localMemory / 2
    }

    func gradient(_ request: RowGradient) throws(ComputeError) -> Buffer {
        let (rows, columns) = (request.rows, request.columns)
        let (left, right) = (context.tables(of: rows), context.tables(of: columns))
        precondition(left.source == right.source, "rows and columns were prepared for different programs")
        precondition(
            request.cotangents.count >= request.total * request.outputs
                && request.weights.count >= columns.count * request.outputs,
            "too few cotangents or weights for \(request.total) gradients of \(request.outputs) outputs")
        let precision = rows.precision
        let panel = form.panel(precision, context.device)
        let cut = RowParts(
            width: right.stride, panel: panel, columnBytes: request.dimension * precision.byteCount, form: form)
        let parts = try GradientParts(
            cut.count, rows: request.total, length: request.dimension, precision, on: self)
        let arguments: [KernelArgument] =
            [.buffer(left.parameters)] + left.arguments + [.size(rows.count)] + right.arguments
            + [
                .size(columns.count), .size(request.dimension), .int(request.kind == .nngp ? 1 : 0),
                .buffer(request.cotangents), .size(request.count), .buffer(request.weights), .size(request.outputs),
                .size(cut.width), .size(cut.chunk), .memory(parts.partial), .buffer(parts.sums),
                .local(request.localBytes),
            ]
        let group = form == .group ? form.side(context.device) * form.side(context.device) : 1
        try launch(
            try kernel("row_gradient", of: right.rowSource), arguments, global: [cut.count * group], local: [group])
        let gradient = try allocate(request.total * request.dimension, precision)
        let span = CotangentSpan(first: 0, batch: request.count, count: request.count)
        try finish(rows: rows, columns: columns, span, parts, gradient)
        return gradient
    }
}

/// How the columns of a few rows' gradients are cut: by the sizes alone, so that the order of additions is fixed.
struct RowParts {
    /// Rows and gradients together at most: where more take as long as products of many rows do, on a processor.
    static let mostPasses = 6
    /// Columns of a chunk at most, whole panels of every form: a work-item keeps three numbers for each.
    static let chunkLimit = 256
    /// What a chunk may take of a processor's second-level cache, or of a multiprocessor's first.
    private static let chunkBytes = 384 << 10

    /// Columns of a part, whole panels.
    let width: Int
    let count: Int
    /// Columns of a chunk, whole panels.
    let chunk: Int

    /// - Parameters:
    ///   - width: columns, rounded up to whole panels.
    ///   - columnBytes: bytes of one column.
    init(width columns: Int, panel: Int, columnBytes: Int, form: CovarianceForm) {
        let panels = columns / panel
        // Enough parts that devices of any size are busy to the end; on a processor a part has its own overhead.
        let wanted = form == .vector ? max(8, (panels + 31) / 32) : (panels + 255) / 256
        width = wanted * panel
        count = (panels + wanted - 1) / wanted
        let fitting = Self.chunkBytes / (columnBytes * panel)
        chunk = min(max(1, fitting), Self.chunkLimit / panel, wanted) * panel
    }
}
