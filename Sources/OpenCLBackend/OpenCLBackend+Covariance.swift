import Compute

extension OpenCLBackend {
    /// Inputs that one group of the vector form's `prepare` takes: enough to be worth a dispatch.
    private static let prepareGroup = 4

    package func prepare(
        _ program: CovarianceProgram, inputs: Buffer, count: Int
    ) throws(ComputeError) -> CovarianceInputs {
        let dimension = program.input.count
        let precision = inputs.precision
        precondition(
            inputs.count >= count * dimension, "\(inputs.count) numbers for \(count) inputs of \(dimension)")
        guard program.geometry == .scalar else {
            let planes = try preparePlanes(program, inputs: inputs, count: count)
            return CovarianceInputs(program: program, count: count, precision: precision, storage: planes)
        }
        let text = ScalarProgram(program)
        let source = source(of: text, precision, ["scalar", "scalar_\(form.rawValue)"])
        let kernel = try kernel("prepare", of: source)
        let tables = try OpenCLInputs(
            program, count: count, precision: precision,
            parameters: try upload(text.parameters, as: accumulatePrecision),
            direction: try upload(program.input.direction, as: accumulatePrecision), source: source,
            rowSource: self.source(of: text, precision, ["scalar", "sums", "row", "row_\(form.rawValue)"]),
            panel: form.panel(precision, context.device), in: context)
        let arguments: [KernelArgument] =
            [
                .buffer(tables.parameters), .buffer(inputs), .size(count), .buffer(tables.direction), .size(dimension),
            ] + tables.arguments
        switch form {
        case .group:
            let group = CovarianceForm.sumGroup
            try launch(kernel, arguments, global: [group, tables.stride], local: [group, 1])
        case .vector: try launch(kernel, arguments, global: [tables.stride], local: [Self.prepareGroup])
        }
        return CovarianceInputs(program: program, count: count, precision: precision, storage: tables)
    }

    /// Drivers of this backend's form around a program's steps.
    /// - Parameter drivers: stems of files, the last of which gives the name.
    private func source(of program: ScalarProgram, _ precision: Precision, _ drivers: [String]) -> ProgramSource {
        let files = drivers.map { "Covariance/\($0)" }
        return ProgramSource(
            name: files[files.count - 1], precision: precision,
            parts: ScalarProgram.stepFiles.map { .file($0) } + [.generated(name: "program", text: program.text)]
                + files.map { .file($0 + ".cl") },
            options: form.options(precision, context.device))
    }

    /// Enqueues `gram` or `linearize` over rows × columns that both start at whole tiles.
    func launchTiles(
        _ kernel: PreparedKernel, _ arguments: [KernelArgument], rows: Int, columns: Int, _ precision: Precision
    ) throws(ComputeError) {
        let rowTiles = (rows + form.rows(context.device) - 1) / form.rows(context.device)
        let panel = form.panel(precision, context.device)
        let columnTiles = (columns + panel - 1) / panel
        switch form {
        case .group:
            let side = form.side(context.device)
            try launch(kernel, arguments, global: [columnTiles * side, rowTiles * side], local: [side, side])
        case .vector: try launch(kernel, arguments, global: [rowTiles, columnTiles], local: [1, 1])
        }
    }
}
