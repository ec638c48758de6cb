import Compute

extension OpenCLBackend {
    package func linearize(
        _ kind: CovarianceKind, rows: CovarianceInputs, columns: CovarianceInputs
    ) throws(ComputeError) -> Linearization {
        let (left, right) = (context.tables(of: rows), context.tables(of: columns))
        precondition(left.source == right.source, "rows and columns were prepared for different programs")
        let kernel = try kernel("linearize", of: left.source)
        let result = try OpenCLLinearization(
            rows: rows.count, width: right.stride, precision: rows.precision, in: context)
        let arguments: [KernelArgument] =
            [.buffer(left.parameters)] + left.arguments + [.size(rows.count)] + right.arguments
            + [
                .size(rows.program.input.count), .int(kind == .nngp ? 1 : 0), .memory(result.value),
                .memory(result.tangential), .memory(result.radial),
            ]
        try launchTiles(kernel, arguments, rows: rows.count, columns: right.stride, rows.precision)
        return Linearization(rows: rows, columns: columns, storage: result)
    }

    package func pullback(
        _ linearization: Linearization, cotangents: Buffer, count: Int, weights: Buffer, outputs: Int
    ) throws(ComputeError) -> Buffer {
        let precision = linearization.rows.precision
        let points = linearization.rows.count
        let dimension = linearization.rows.program.input.count
        precondition(
            cotangents.count >= points * count * outputs,
            "\(cotangents.count) numbers for \(points) × \(count) cotangents of \(outputs) outputs")
        let width = context.factors(of: linearization).width
        let parts = PullbackParts(
            points: points, width: width, panel: form.panel(precision, context.device), count: count)
        let turned = try turn(weights, of: linearization.columns, outputs, to: precision)
        let gradient = try allocate(points * count * dimension, precision)
        let advice = "handle fewer points at a time"
        let bytes = precision.byteCount
        let rows = points * parts.batch
        let panel = form.panel(precision, context.device)
        let length = form == .vector ? (dimension + panel - 1) / panel * panel : dimension
        let work = PullbackWork(
            coefficients: try Memory(rows * width * bytes, in: context, advice: advice),
            sums: try allocate(2 * parts.count * rows, accumulatePrecision),
            partial: try Memory(parts.count * rows * length * bytes, in: context, advice: advice),
            length: length)
        for first in stride(from: 0, to: count, by: parts.batch) {
            let batch = min(parts.batch, count - first)
            let span = CotangentSpan(first: first, batch: batch, count: count)
            try weigh(linearization, cotangents, span, turned, outputs, parts, work)
            try contract(linearization, rows: points * batch, parts, work)
            try finish(linearization, rows: points * batch, span, parts, work, gradient)
        }
        return gradient
    }

    package func bytesPerPair(_ program: CovarianceProgram, _ precision: Precision) -> Int {
        // value, tangential, radial, coefficients, and the parts of the gradient that are added up at the end
        (4 + (program.input.count + PullbackParts.smallest - 1) / PullbackParts.smallest) * precision.byteCount
    }

    // MARK: Kernels

    private func weigh(
        _ linearization: Linearization, _ cotangents: Buffer, _ span: CotangentSpan, _ turned: Memory, _ outputs: Int,
        _ parts: PullbackParts, _ work: PullbackWork
    ) throws(ComputeError) {
        let factors = context.factors(of: linearization)
        let rows = linearization.rows.count * span.batch
        let kernel = try kernel("weigh", of: pullbackSource(linearization.rows.precision))
        try launch(
            kernel,
            [
                .buffer(cotangents), .size(span.count), .size(span.first), .size(span.batch), .size(rows),
                .size(outputs), .memory(turned), .memory(factors.tangential), .memory(factors.radial),
                .size(factors.width), .size(parts.width),
                .memory(context.tables(of: linearization.columns).start), .memory(work.coefficients),
                .buffer(work.sums),
            ],
            global: [parts.count * sumGroup, rows], local: [sumGroup, 1])
    }

    private func contract(
        _ linearization: Linearization, rows: Int, _ parts: PullbackParts, _ work: PullbackWork
    ) throws(ComputeError) {
        let precision = linearization.rows.precision
        let dimension = linearization.rows.program.input.count
        let kernel = try kernel("contract", of: pullbackSource(precision))
        let columns = context.tables(of: linearization.columns)
        let centred = form == .vector ? try turnedInputs(columns, dimension, precision) : columns.centred
        let arguments: [KernelArgument] = [
            .memory(work.coefficients), .size(rows), .size(columns.stride), .size(parts.width), .memory(centred),
            .size(work.length), .memory(work.partial),
        ]
        let panel = form.panel(precision, context.device)
        func blocks(_ count: Int, _ size: Int) -> Int { (count + size - 1) / size }
        switch form {
        case .group:
            let side = form.side(context.device)
            try launch(
                kernel, arguments,
                global: [blocks(dimension, panel) * side, blocks(rows, panel) * side, parts.count],
                local: [side, side, 1])
        case .vector:
            try launch(
                kernel, arguments,
                global: [blocks(rows, form.rows(context.device)), blocks(dimension, panel), parts.count],
                local: [1, 1, 1])
        }
    }

    /// The centred inputs in the order of the vector form's `contract`.
    private func turnedInputs(
        _ tables: OpenCLInputs, _ dimension: Int, _ precision: Precision
    ) throws(ComputeError) -> Memory {
        try tables.turned.withLock { turned throws(ComputeError) in
            if let turned { return turned }
            let kernel = try kernel("turn_centred", of: pullbackSource(precision))
            let panel = form.panel(precision, context.device)
            let blocks = (dimension + panel - 1) / panel
            let memory = try Memory(
                blocks * tables.stride * panel * precision.byteCount, in: context,
                advice: "use fewer inputs or a device with more memory")
            try launch(
                kernel, [.memory(tables.centred), .size(dimension), .size(tables.stride), .memory(memory)],
                global: [tables.stride, blocks], local: [panel, 1])
            turned = memory
            return memory
        }
    }

    /// Which coordinates are zero in all inputs.
    private func blanks(
        _ tables: OpenCLInputs, _ dimension: Int, _ precision: Precision
    ) throws(ComputeError) -> Memory {
        try tables.blanks.withLock { blanks throws(ComputeError) in
            if let blanks { return blanks }
            let kernel = try kernel("find_blanks", of: pullbackSource(precision))
            let memory = try Memory(dimension, in: context)
            try launch(
                kernel,
                [
                    .memory(tables.centred), .memory(tables.start), .size(tables.stride), .buffer(tables.direction),
                    .size(dimension), .memory(memory),
                ],
                global: [dimension], local: [CovarianceForm.sumGroup])
            blanks = memory
            return memory
        }
    }

    private func finish(
        _ linearization: Linearization, rows: Int, _ span: CotangentSpan, _ parts: PullbackParts,
        _ work: PullbackWork, _ gradient: Buffer
    ) throws(ComputeError) {
        let dimension = linearization.rows.program.input.count
        let tables = context.tables(of: linearization.rows)
        let blanks = try blanks(context.tables(of: linearization.columns), dimension, linearization.rows.precision)
        let kernel = try kernel("finish", of: pullbackSource(linearization.rows.precision))
        let share = form == .vector ? CovarianceForm.finishShare : 1
        try launch(
            kernel,
            [
                .memory(work.partial), .buffer(work.sums), .size(parts.count), .size(rows), .size(work.length),
                .memory(tables.centred), .memory(tables.start), .size(tables.stride), .buffer(tables.direction),
                .memory(blanks),
                .size(dimension),
                .size(span.count), .size(span.first), .size(span.batch), .buffer(gradient),
            ],
            global: [(dimension + share - 1) / share, rows], local: [form == .vector ? 1 : CovarianceForm.sumGroup, 1])
    }
}

/// Which cotangents of a point one pass handles.
private struct CotangentSpan {
    let first: Int
    let batch: Int
    let count: Int
}

/// What a pullback writes on its way.
private struct PullbackWork {
    /// [rows, width]
    let coefficients: Memory
    /// [2, parts, rows] in `accumulatePrecision`
    let sums: Buffer
    /// [parts, rows, length]
    let partial: Memory
    let length: Int
}

/// How the sums over columns are cut: by the sizes alone, so that the order of additions is fixed.
struct PullbackParts {
    /// Columns of a part at least.
    static let smallest = 2048
    /// Parts at most.
    private static let most = 16
    /// Rows that one pass should have, where cotangents can be put together.
    private static let rows = 64

    /// Columns of a part, whole panels.
    let width: Int
    let count: Int
    /// Cotangents per pass.
    let batch: Int

    init(points: Int, width columns: Int, panel: Int, count cotangents: Int) {
        let wanted = max(Self.smallest, (columns + Self.most - 1) / Self.most)
        width = (wanted + panel - 1) / panel * panel
        count = (columns + width - 1) / width
        batch = max(1, min(cotangents, Self.rows / max(points, 1)))
    }
}
