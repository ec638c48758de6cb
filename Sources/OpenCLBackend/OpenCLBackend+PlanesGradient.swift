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
        let parts = PlaneParts(request, form, context.planes(of: request.columns))
        for first in stride(from: 0, to: request.rows.count, by: parts.rows) {
            for table in try planeRows(planes, first..<min(first + parts.rows, request.rows.count), precision) {
                let sums = try records(request, table, form, parts)
                try finish(request, table, form, parts, sums, into: gradient)
            }
        }
        return gradient
    }

    /// Records of the pairs of some rows with all columns, contracted: [rows, parts, numbers, pitch].
    private func records(
        _ request: PlaneGradient, _ table: PlaneRows, _ form: PlanesForm, _ parts: PlaneParts
    ) throws(ComputeError) -> Memory {
        let (rows, columns) = (context.planes(of: request.rows), context.planes(of: request.columns))
        let precision = request.rows.precision
        let source = planesSource(
            ["planes_reverse", "planes_pairs", "planes_variances", "planes_contract", "planes_gradient"], rows.program,
            .rowAgainstPanel, precision)
        let (count, width) = (table.images.count, columns.panels * columns.lanes)
        let pitch = form.pitch(rows.program, request.count)
        let coefficients = try coefficients(request, table, source, width: width, pitch: pitch, lanes: columns.lanes)
        let scratchSize = form.recordScratch(rows.program, request.count)
        let groups = form.groups(count * parts.count, scratch: scratchSize)
        let scratch = try Memory(form.bytes(groups, scratch: scratchSize), in: context)
        let numbers = rows.program.contractedSize(cotangents: request.count)
        let sums = try Memory(count * parts.count * numbers * pitch * precision.byteCount, in: context)
        let tail = rows.program.tail[request.kind]
        for piece in columns.pieces(of: 0..<columns.panels) {
            try launch(
                kernel("records", of: source),
                rows.planArguments + [
                    .memory(table.memory), .size(table.first), .size(count), .memory(piece.table),
                    .size(piece.panels.lowerBound), .size(piece.panels.count), .size(parts.panels),
                    .memory(coefficients), .size(width), .size(pitch), .int(request.count == 1 ? 1 : 0),
                    .int(rows.program.finishesPairs(cotangents: request.count) ? 1 : 0), accumulate(tail.k),
                    accumulate(tail.t), .memory(sums), .size(piece.panels.lowerBound / parts.panels),
                    .size(parts.count), .int(Int32(form.recordStride(rows.program))), .memory(scratch),
                    .size(scratchSize), .size(rows.program.tapeSize),
                ] + form.localArguments,
                global: [groups * form.group], local: [form.group])
        }
        return sums
    }

    /// Coefficients of the pairs of some rows with all columns: [rows, width, pitch].
    private func coefficients(
        _ request: PlaneGradient, _ table: PlaneRows, _ source: ProgramSource, width: Int, pitch: Int, lanes: Int
    ) throws(ComputeError) -> Memory {
        let (count, outputs, bytes) = (table.images.count, request.outputs, request.rows.precision.byteCount)
        let turned = try Memory(count * outputs * pitch * bytes, in: context)
        let coefficients = try Memory(count * width * pitch * bytes, in: context)
        let group = lanes == 1 ? min(64, pitch) : 1
        func rounded(_ items: Int) -> Int { (items + group - 1) / group * group }
        try launch(
            kernel("turn", of: source),
            [
                .buffer(request.cotangents), .size(table.images.lowerBound * request.count * outputs), .size(count),
                .size(request.count), .size(outputs), .size(pitch), .memory(turned),
            ],
            global: [rounded(pitch), outputs, count], local: [group, 1, 1])
        try launch(
            kernel("weigh", of: source),
            [
                .memory(turned), .size(count), .size(outputs), .size(pitch), .buffer(request.weights),
                .size(request.columns.count), .size(width), .memory(coefficients),
            ],
            global: [rounded((pitch + lanes - 1) / lanes), width, count], local: [group, lanes, 1])
        return coefficients
    }

    /// What all pairs of an image share: from sums of records to gradients.
    private func finish(
        _ request: PlaneGradient, _ table: PlaneRows, _ form: PlanesForm, _ parts: PlaneParts, _ sums: Memory,
        into gradient: Buffer
    ) throws(ComputeError) {
        let planes = context.planes(of: request.rows)
        let precision = request.rows.precision
        let source = planesSource(
            ["planes_reverse", "planes_pairs", "planes_variances", "planes_finish"], planes.program, .rowAgainstItself,
            precision)
        let tasks = table.images.count * ((request.count + form.lanes - 1) / form.lanes)
        let scratchSize = form.finishScratch(planes.program)
        let groups = form.groups(tasks, scratch: scratchSize)
        let scratch = try Memory(form.bytes(groups, scratch: scratchSize), in: context)
        try launch(
            kernel("finish", of: source),
            planes.planArguments + [
                .memory(table.memory), .size(table.first), .size(table.images.count), .size(parts.count),
                .size(request.count), .memory(sums), .size(form.pitch(planes.program, request.count)),
                .int(planes.program.finishesPairs(cotangents: request.count) ? 1 : 0),
                .int(Int32(form.recordStride(planes.program))), .buffer(gradient),
                .size(table.images.lowerBound * request.count * request.rows.program.input.count), .memory(scratch),
                .size(scratchSize), .size(planes.program.tapeSize),
            ] + form.localArguments,
            global: [groups * form.group], local: [form.group])
    }

    /// A number in `acc`.
    private func accumulate(_ value: Double) -> KernelArgument {
        accumulatePrecision == .float64 ? .double(value) : .float(Float(value))
    }
}

/// How the sums over the columns of a gradient are cut: for all devices' groups, within their memory, and so that a part
/// ends where a table of images does.
private struct PlaneParts {
    /// Images of a part at most, where memory allows as many parts.
    private static let images = 1024
    /// Bytes of sums and coefficients that one pass over rows may take.
    private static let memory = 256 << 20

    /// Rows of a pass.
    let rows: Int
    /// Panels of a part: a power of two.
    let panels: Int
    /// Parts of a row.
    let count: Int

    init(_ request: PlaneGradient, _ form: PlanesForm, _ columns: OpenCLPlanes) {
        let bytes = form.pitch(columns.program, request.count) * request.rows.precision.byteCount
        let record = columns.program.contractedSize(cotangents: request.count) * bytes
        let memory = min(Self.memory, form.limit)
        func parts(_ panels: Int) -> Int { (columns.panels + panels - 1) / panels }
        let most = columns.panelsPerTable.largestPowerOfTwo
        var panels = min(max(1, Self.images / form.lanes), most)
        while panels < most && parts(panels) * record > memory { panels *= 2 }
        let groups = form.units
        while panels > 1 && request.rows.count * parts(panels) < groups && parts(panels / 2) * record <= memory {
            panels /= 2
        }
        let rowBytes = parts(panels) * record + columns.panels * form.lanes * bytes
        rows = max(1, min(request.rows.count, memory / rowBytes))
        self.panels = panels
        count = parts(panels)
    }
}
