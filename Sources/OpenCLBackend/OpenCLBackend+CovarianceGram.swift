import Compute

extension OpenCLBackend {
    package func gram(_ tile: GramTile) throws(ComputeError) {
        guard !tile.rowRange.isEmpty, !tile.columnRange.isEmpty else { return }
        let precision = tile.rows.precision
        let rows = context.tables(of: tile.rows)
        let columns = context.tables(of: tile.columns)
        precondition(rows.source == columns.source, "rows and columns of a tile were prepared for different programs")
        let kernel = try kernel("gram", of: rows.source)
        let isTriangular = tile.isSymmetric && tile.rowRange == tile.columnRange
        // The first whole tile of rows, and the whole panels that hold the columns.
        let height = form.rows(context.device)
        let firstRow = tile.rowRange.lowerBound / height * height
        let panel = form.panel(precision, context.device)
        let firstPanel = tile.columnRange.lowerBound / panel
        let width = (tile.columnRange.upperBound + panel - 1) / panel * panel - firstPanel * panel

        // Rows that are a power of two apart would share one set of a cache when the tile is turned over.
        let stride = width + (width * precision.byteCount % 1024 == 0 ? panel : 0)

        let wanted = (tile.nngp == nil ? 0 : 1) | (tile.ntk == nil ? 0 : 2)
        let bytes = tile.rowRange.count * stride * precision.byteCount
        var planes: [Memory] = []
        for _ in 0..<wanted.nonzeroBitCount { planes.append(try scratch.take(bytes, in: context)) }
        guard let first = planes.first, let last = planes.last else { return }
        // Where one covariance is not wanted, its parameter is bound to the other's memory and not written.
        let nngp = wanted & 1 != 0 ? first : last
        let ntk = wanted & 2 != 0 ? last : first
        let arguments: [KernelArgument] =
            [.buffer(rows.parameters)] + rows.arguments
            + [.size(tile.rowRange.lowerBound), .size(tile.rowRange.upperBound)] + columns.arguments
            + [
                .size(firstPanel), .size(stride), .size(tile.rows.program.input.count), .int(isTriangular ? 1 : 0),
                .int(Int32(wanted)), .memory(nngp), .memory(ntk),
            ]
        try launchTiles(
            kernel, arguments, rows: tile.rowRange.upperBound - firstRow, columns: width, precision)

        for (memory, matrix) in [(nngp, tile.nngp), (ntk, tile.ntk)] {
            guard let matrix else { continue }
            try memory.read(bytes, on: queue) { source in
                let copy = TileCopy(
                    tile, to: matrix, from: source, stride: stride,
                    firstColumn: tile.columnRange.lowerBound - firstPanel * panel)
                copy.run(threads: Self.copyThreads(device))
            }
        }
        for memory in planes { scratch.give(memory) }
    }

    /// A processor's share of the machine is what the device has of it; memory bandwidth needs few threads elsewhere.
    private static func copyThreads(_ device: Device) -> Int {
        device.kind == .cpu ? device.computeUnits : 4
    }
}
