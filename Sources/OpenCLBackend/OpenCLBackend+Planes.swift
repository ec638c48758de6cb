import Compute

/// Nets on planes: preparation, and what forward and reverse passes share.
extension OpenCLBackend {
    /// Which two images a program's kernels pair, as `planes.cl` numbers them.
    enum PlanesPairing: Int {
        case rowAgainstPanel
        case panelAgainstItself
        case rowAgainstItself
    }

    func planesForm(_ program: PlanesTables, _ precision: Precision) -> PlanesForm {
        PlanesForm(form, program, precision, context.device, maximumAllocation: maximumAllocation)
    }

    /// The text of a driver with the net's activations compiled in. Nets that differ in sizes or depth share it.
    func planesSource(
        _ driver: [String], _ program: PlanesTables, _ pairing: PlanesPairing, _ precision: Precision
    ) -> ProgramSource {
        let steps = ["pair", "abrelu", "smooth", "erf", "gelu", "layer_norm", "plane"]
        return ProgramSource(
            name: "Covariance/\(driver[driver.count - 1])", precision: precision,
            parts: (steps + ["planes", "planes_ends", "planes_forward", "planes_segments"] + driver).map {
                .file("Covariance/\($0).cl")
            },
            options: planesForm(program, precision).options(program, pairing: pairing.rawValue))
    }

    func preparePlanes(
        _ program: CovarianceProgram, inputs: Buffer, count: Int
    ) throws(ComputeError) -> OpenCLPlanes {
        let precision = inputs.precision
        let tables = PlanesTables(PlanesPlan(program))
        let form = planesForm(tables, precision)
        let kernel = try kernel(
            "prepare", of: planesSource(["planes_prepare"], tables, .panelAgainstItself, precision))
        var plan: [Memory] = []
        for words in [tables.plan, tables.segments, tables.steps] { plan.append(try upload(words)) }
        let planes = try OpenCLPlanes(
            tables, plan: plan, parameters: try upload(tables.parameters, as: accumulatePrecision), count: count,
            form: form,
            in: context)
        let groups = form.groups(min(planes.panels, planes.panelsPerTable), scratch: form.scratch)
        let scratch = try Memory(form.bytes(groups, scratch: form.scratch), in: context)
        let variances = try allocate(groups * tables.variancesSize * form.lanes, accumulatePrecision)
        for piece in planes.pieces(of: 0..<planes.panels) {
            try launch(
                kernel,
                planes.planArguments + [
                    .buffer(inputs), .size(count), .size(piece.panels.lowerBound), .size(piece.panels.count),
                    .memory(piece.table), .memory(scratch), .size(form.scratch), .buffer(variances),
                ] + form.localArguments,
                global: [groups * form.group], local: [form.group])
        }
        return planes
    }

    private func upload(_ words: [Int32]) throws(ComputeError) -> Memory {
        let memory = try Memory(words.count * 4, in: context)
        try memory.write(words, on: queue)
        return memory
    }

    /// Images of a range as rows of numbers, cut where tables end.
    func planeRows(
        _ planes: OpenCLPlanes, _ range: Range<Int>, _ precision: Precision
    ) throws(ComputeError) -> [PlaneRows] {
        let lanes = planes.lanes
        var rows: [PlaneRows] = []
        guard !range.isEmpty else { return rows }
        for piece in planes.pieces(of: range.lowerBound / lanes..<(range.upperBound - 1) / lanes + 1) {
            let images = range.clamped(to: piece.panels.lowerBound * lanes..<piece.panels.upperBound * lanes)
            let first = images.lowerBound - (piece.panels.lowerBound - piece.first) * lanes
            let isInRows = lanes == 1
            rows.append(
                PlaneRows(
                    memory: isInRows
                        ? piece.table : try take(images.count, from: piece.table, first, planes, precision),
                    first: isInRows ? first : 0, images: images))
        }
        return rows
    }

    /// [count, size] numbers of images that stand in panels, from image `first` of the table on.
    private func take(
        _ count: Int, from table: Memory, _ first: Int, _ planes: OpenCLPlanes, _ precision: Precision
    ) throws(ComputeError) -> Memory {
        let size = planes.program.size
        let rows = try Memory(count * size * precision.byteCount, in: context)
        let kernel = try kernel(
            "take_rows", of: planesSource(["planes_prepare"], planes.program, .panelAgainstItself, precision))
        try launch(
            kernel, [.memory(table), .size(size), .size(first), .size(count), .memory(rows)],
            global: [count], local: [1])
        return rows
    }
}

/// [rows, size] numbers of images.
struct PlaneRows {
    let memory: Memory
    /// Rows before the wanted ones.
    let first: Int
    /// Numbers of the images among all.
    let images: Range<Int>
}
