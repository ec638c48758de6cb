import Compute

/// Nets on planes: preparation, and what forward and reverse passes share.
extension OpenCLBackend {
    /// Which two images a program's kernels pair, as `planes.cl` numbers them.
    enum PlanesPairing: Int {
        case rowAgainstPanel
        case panelAgainstItself
        case rowAgainstItself
    }

    func planesForm(_ program: PlanesProgram, _ precision: Precision) -> PlanesForm {
        PlanesForm(form, program, precision, context.device)
    }

    /// The text of a driver with the net's activations compiled in. Nets that differ in sizes or depth share it.
    func planesSource(
        _ driver: [String], _ program: PlanesProgram, _ pairing: PlanesPairing, _ precision: Precision
    ) -> ProgramSource {
        let steps = ["pair", "abrelu", "smooth", "erf", "gelu", "layer_norm", "plane"]
        return ProgramSource(
            name: "Covariance/\(driver[driver.count - 1])", precision: precision,
            parts: (steps + ["planes", "planes_forward"] + driver).map { .file("Covariance/\($0).cl") },
            options: planesForm(program, precision).options(program, pairing: pairing.rawValue))
    }

    func preparePlanes(
        _ program: CovarianceProgram, inputs: Buffer, count: Int
    ) throws(ComputeError) -> OpenCLPlanes {
        let precision = inputs.precision
        let tables = PlanesProgram(PlanesPlan(program))
        let form = planesForm(tables, precision)
        let kernel = try kernel(
            "prepare", of: planesSource(["planes_prepare"], tables, .panelAgainstItself, precision))
        var plan: [Memory] = []
        for words in [tables.plan, tables.segments, tables.steps] { plan.append(try upload(words)) }
        let planes = try OpenCLPlanes(
            tables, plan: plan, parameters: try upload(tables.parameters, as: accumulatePrecision), count: count,
            lanes: form.lanes, precision: precision, in: context)
        let groups = form.groups(planes.panels, scratch: form.scratch)
        let scratch = try Memory(form.bytes(groups, scratch: form.scratch), in: context)
        let variances = try allocate(groups * tables.variancesSize * form.lanes, accumulatePrecision)
        try launch(
            kernel,
            planes.planArguments + [
                .buffer(inputs), .size(count), .size(planes.panels), .memory(planes.table), .memory(scratch),
                .size(form.scratch), .buffer(variances),
            ] + form.localArguments,
            global: [groups * form.group], local: [form.group])
        return planes
    }

    private func upload(_ words: [Int32]) throws(ComputeError) -> Memory {
        let memory = try Memory(words.count * 4, in: context)
        try memory.write(words, on: queue)
        return memory
    }

    /// Images of a range as rows of numbers, and where the first one starts.
    func planeRows(
        _ planes: OpenCLPlanes, _ range: Range<Int>, _ precision: Precision
    ) throws(ComputeError) -> PlaneRows {
        guard planes.lanes > 1 else { return PlaneRows(memory: planes.table, first: range.lowerBound) }
        let size = planes.program.size
        let rows = try Memory(range.count * size * precision.byteCount, in: context)
        let kernel = try kernel(
            "take_rows", of: planesSource(["planes_prepare"], planes.program, .panelAgainstItself, precision))
        try launch(
            kernel, [.memory(planes.table), .size(size), .size(range.lowerBound), .size(range.count), .memory(rows)],
            global: [range.count], local: [1])
        return PlaneRows(memory: rows, first: 0)
    }
}

/// [rows, size] numbers of images.
struct PlaneRows {
    let memory: Memory
    /// Rows before the wanted ones.
    let first: Int
}
