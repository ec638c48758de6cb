import Compute

extension OpenCLBackend {
    package func linearize(
        _ kind: CovarianceKind, rows: CovarianceInputs, columns: CovarianceInputs
    ) throws(ComputeError) -> Linearization {
        guard rows.program.geometry == .scalar else { return try linearizePlanes(kind, rows: rows, columns: columns) }
        let (left, right) = (context.tables(of: rows), context.tables(of: columns))
        precondition(left.source == right.source, "rows and columns were prepared for different programs")
        let kernel = try kernel("linearize", of: left.source)
        let result = try OpenCLLinearization(
            kind, rows: rows.count, width: right.stride, precision: rows.precision, hasFactors: true, in: context)
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
        guard linearization.rows.program.geometry == .scalar else {
            let request = PlaneGradient(
                kind: context.factors(of: linearization).kind, rows: linearization.rows,
                columns: linearization.columns, cotangents: cotangents, count: count, weights: weights,
                outputs: outputs)
            return try gradient(request)
        }
        let precision = linearization.rows.precision
        let points = linearization.rows.count
        let dimension = linearization.rows.program.input.count
        precondition(
            cotangents.count >= points * count * outputs,
            "\(cotangents.count) numbers for \(points) × \(count) cotangents of \(outputs) outputs")
        let width = context.factors(of: linearization).width
        let parts = PullbackParts(
            points: points, width: width, panel: form.panel(precision, context.device), count: count)
        let turned = try turn(weights, of: linearization.columns, width: width, outputs, to: precision)
        let gradient = try allocate(points * count * dimension, precision)
        let advice = "handle fewer points at a time"
        let bytes = precision.byteCount
        let rows = points * parts.batch
        let panel = form.panel(precision, context.device)
        let length = form == .vector ? (dimension + panel - 1) / panel * panel : dimension
        let work = PullbackWork(
            coefficients: try Memory(rows * width * bytes, in: context, advice: advice),
            parts: try GradientParts(parts.count, rows: rows, length: length, precision, on: self))
        for first in stride(from: 0, to: count, by: parts.batch) {
            let batch = min(parts.batch, count - first)
            let span = CotangentSpan(first: first, batch: batch, count: count)
            try weigh(linearization, cotangents, span, turned, outputs, parts, work)
            try contract(linearization, rows: points * batch, parts, work)
            try finish(
                rows: linearization.rows, columns: linearization.columns, span, work.parts, gradient)
        }
        return gradient
    }

    package func gradient(
        _ kind: CovarianceKind, rows: CovarianceInputs, columns: CovarianceInputs,
        cotangents: Buffer, count: Int, weights: Buffer, outputs: Int
    ) throws(ComputeError) -> Buffer {
        guard rows.program.geometry == .scalar else {
            return try gradient(
                PlaneGradient(
                    kind: kind, rows: rows, columns: columns, cotangents: cotangents, count: count, weights: weights,
                    outputs: outputs))
        }
        let request = RowGradient(
            kind: kind, rows: rows, columns: columns, cotangents: cotangents, count: count, weights: weights,
            outputs: outputs)
        if suits(request) { return try gradient(request) }
        let linearization = try linearize(kind, rows: rows, columns: columns)
        return try pullback(linearization, cotangents: cotangents, count: count, weights: weights, outputs: outputs)
    }

    package func bytesPerPair(_ program: CovarianceProgram, _ precision: Precision) -> Int {
        // On planes the value; gradients keep sums over pairs alone.
        guard program.geometry == .scalar else { return precision.byteCount }
        // value, tangential, radial, coefficients, and the parts of the gradient that are added up at the end
        return (4 + (program.input.count + PullbackParts.smallest - 1) / PullbackParts.smallest) * precision.byteCount
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
                .buffer(work.parts.sums),
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
            .size(work.parts.length), .memory(work.parts.partial),
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

    /// Adds the parts of the gradients up.
    func finish(
        rows: CovarianceInputs, columns: CovarianceInputs, _ span: CotangentSpan, _ parts: GradientParts,
        _ gradient: Buffer
    ) throws(ComputeError) {
        let dimension = rows.program.input.count
        let rowCount = rows.count * span.batch
        let tables = context.tables(of: rows)
        let blanks = try blanks(context.tables(of: columns), dimension, rows.precision)
        let kernel = try kernel("finish", of: pullbackSource(rows.precision))
        let share = form == .vector ? CovarianceForm.finishShare : 1
        try launch(
            kernel,
            [
                .memory(parts.partial), .buffer(parts.sums), .size(parts.count), .size(rowCount), .size(parts.length),
                .memory(tables.centred), .memory(tables.start), .size(tables.stride), .buffer(tables.direction),
                .memory(blanks), .size(dimension), .size(span.count), .size(span.first), .size(span.batch),
                .buffer(gradient),
            ],
            global: [(dimension + share - 1) / share, rowCount],
            local: [form == .vector ? 1 : CovarianceForm.sumGroup, 1])
    }
}

/// Which cotangents of a point one pass handles.
struct CotangentSpan {
    let first: Int
    let batch: Int
    let count: Int
}

/// Sums over parts of the columns, which `finish` adds up.
struct GradientParts {
    let count: Int
    /// [2, count, rows] in `accumulatePrecision`
    let sums: Buffer
    /// [count, rows, length]
    let partial: Memory
    let length: Int

    init(
        _ count: Int, rows: Int, length: Int, _ precision: Precision, on backend: OpenCLBackend
    ) throws(ComputeError) {
        self.count = count
        self.length = length
        sums = try backend.allocate(2 * count * rows, backend.accumulatePrecision)
        partial = try Memory(
            count * rows * length * precision.byteCount, in: backend.context, advice: "handle fewer points at a time")
    }
}

/// What a pullback writes on its way.
private struct PullbackWork {
    /// [rows, width]
    let coefficients: Memory
    let parts: GradientParts
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
