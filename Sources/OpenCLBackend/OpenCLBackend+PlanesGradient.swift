import Compute

/// Gradients on planes: records of pairs are made and contracted at once, so that memory holds sums over pairs alone.
struct PlaneGradient {
    let kind: CovarianceKind
    let rows: CovarianceInputs
    let columns: CovarianceInputs
    /// [rows, count, outputs]
    let cotangents: Buffer
    let count: Int
    /// [columns, outputs]
    let weights: Buffer
    let outputs: Int
}

extension OpenCLBackend {
    /// Bytes of sums and coefficients that one pass over rows may take.
    private static let gradientMemory = 256 << 20

    /// Covariances of rows × columns on planes.
    func linearizePlanes(
        _ kind: CovarianceKind, rows: CovarianceInputs, columns: CovarianceInputs
    ) throws(ComputeError) -> Linearization {
        let (left, right) = (context.planes(of: rows), context.planes(of: columns))
        let width = right.panels * right.lanes
        let result = try OpenCLLinearization(
            kind, rows: rows.count, width: width, precision: rows.precision, hasFactors: false, in: context)
        try launchPlanes(
            left, 0..<rows.count, right, panels: 0..<right.panels, stride: width, isTriangular: false,
            nngp: kind == .nngp ? result.value : nil, ntk: kind == .ntk ? result.value : nil, rows.precision)
        return Linearization(rows: rows, columns: columns, storage: result)
    }

    /// [rows, count, input numbers]
    func gradient(_ request: PlaneGradient) throws(ComputeError) -> Buffer {
        let planes = context.planes(of: request.rows)
        let precision = request.rows.precision
        precondition(
            request.cotangents.count >= request.rows.count * request.count * request.outputs
                && request.weights.count >= request.columns.count * request.outputs,
            "\(request.cotangents.count) cotangents and \(request.weights.count) weights for \(request.rows.count) × "
                + "\(request.columns.count) pairs, \(request.count) cotangents of \(request.outputs) outputs")
        let gradient = try allocate(
            request.rows.count * request.count * request.rows.program.input.count, precision)
        let form = planesForm(planes.program, precision)
        let bytesPerRow = request.count * precision.byteCount * (planes.program.recordSize + request.columns.count)
        let rows = max(1, min(request.rows.count, Self.gradientMemory / bytesPerRow))
        for first in stride(from: 0, to: request.rows.count, by: rows) {
            let range = first..<min(first + rows, request.rows.count)
            let sums = try records(request, range, form)
            try finish(request, range, form, sums, into: gradient)
        }
        return gradient
    }

    /// Records of the pairs of some rows with all columns, contracted.
    private func records(
        _ request: PlaneGradient, _ range: Range<Int>, _ form: PlanesForm
    ) throws(ComputeError) -> RecordSums {
        let (rows, columns) = (context.planes(of: request.rows), context.planes(of: request.columns))
        let precision = request.rows.precision
        let source = planesSource(
            ["planes_reverse", "planes_gradient"], rows.program, .rowAgainstPanel, precision)
        let width = columns.panels * columns.lanes
        let pitch = form.pitch(rows.program)
        let coefficients = try Memory(range.count * request.count * width * precision.byteCount, in: context)
        let offset = range.lowerBound * request.count * request.outputs
        try launch(
            kernel("weigh", of: source),
            [
                .buffer(request.cotangents), .size(offset), .size(range.count * request.count),
                .size(request.outputs), .buffer(request.weights), .size(request.columns.count), .size(width),
                .memory(coefficients),
            ],
            global: [width, range.count * request.count], local: [columns.lanes, 1])

        let wanted = form.groups(.max, scratch: form.recordScratch(rows.program, request.count))
        let parts = max(1, min(columns.panels, (wanted + range.count - 1) / range.count))
        let groups = min(wanted, range.count * parts)
        let scratchSize = form.recordScratch(rows.program, request.count)
        let scratch = try Memory(form.bytes(groups, scratch: scratchSize), in: context)
        let table = try planeRows(rows, range, precision)
        let sums = try Memory(range.count * parts * request.count * pitch * precision.byteCount, in: context)
        let tail = rows.program.tail[request.kind]
        try launch(
            kernel("records", of: source),
            rows.planArguments + [
                .memory(table.memory), .size(table.first), .size(range.count), .memory(columns.table),
                .size(columns.panels), .size(parts), .memory(coefficients), .size(request.count),
                accumulate(tail.k), accumulate(tail.t), .memory(sums), .size(pitch), .memory(scratch),
                .size(scratchSize), .size(rows.program.tapeSize),
            ] + form.localArguments,
            global: [groups * form.group], local: [form.group])
        return RecordSums(memory: sums, parts: parts, table: table)
    }

    /// What all pairs of an image share: from sums of records to gradients.
    private func finish(
        _ request: PlaneGradient, _ range: Range<Int>, _ form: PlanesForm, _ sums: RecordSums, into gradient: Buffer
    ) throws(ComputeError) {
        let planes = context.planes(of: request.rows)
        let precision = request.rows.precision
        let source = planesSource(["planes_reverse", "planes_finish"], planes.program, .rowAgainstItself, precision)
        let tasks = range.count * ((request.count + form.lanes - 1) / form.lanes)
        let scratchSize = form.finishScratch(planes.program)
        let groups = form.groups(tasks, scratch: scratchSize)
        let scratch = try Memory(form.bytes(groups, scratch: scratchSize), in: context)
        try launch(
            kernel("finish", of: source),
            planes.planArguments + [
                .memory(sums.table.memory), .size(sums.table.first), .size(range.count), .size(sums.parts),
                .size(request.count), .memory(sums.memory), .size(form.pitch(planes.program)), .buffer(gradient),
                .size(range.lowerBound * request.count * request.rows.program.input.count), .memory(scratch),
                .size(scratchSize), .size(planes.program.tapeSize),
            ] + form.localArguments,
            global: [groups * form.group], local: [form.group])
    }

    /// A number in `acc`.
    private func accumulate(_ value: Double) -> KernelArgument {
        accumulatePrecision == .float64 ? .double(value) : .float(Float(value))
    }
}

/// [rows, parts, count, pitch]: records of a row's pairs, contracted with each cotangent.
private struct RecordSums {
    let memory: Memory
    let parts: Int
    let table: PlaneRows
}
