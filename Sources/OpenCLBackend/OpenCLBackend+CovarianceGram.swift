import Compute

extension OpenCLBackend {
    package func gram(_ tile: GramTile) throws(ComputeError) {
        guard !tile.rowRange.isEmpty, !tile.columnRange.isEmpty else { return }
        guard tile.rows.program.geometry == .scalar else { return try gramPlanes(tile) }
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
        try writeTile(tile, stride: stride, firstColumn: tile.columnRange.lowerBound - firstPanel * panel) {
            nngp, ntk throws(ComputeError) in
            guard let first = nngp ?? ntk else { return }
            let wanted: Int32 = (nngp == nil ? 0 : 1) | (ntk == nil ? 0 : 2)
            // Where one covariance is not wanted, its parameter is bound to the other's memory and not written.
            let arguments: [KernelArgument] =
                [.buffer(rows.parameters)] + rows.arguments
                + [.size(tile.rowRange.lowerBound), .size(tile.rowRange.upperBound)] + columns.arguments
                + [
                    .size(firstPanel), .size(stride), .size(tile.rows.program.input.count), .int(isTriangular ? 1 : 0),
                    .int(wanted), .memory(nngp ?? first), .memory(ntk ?? first),
                ]
            try launchTiles(
                kernel, arguments, rows: tile.rowRange.upperBound - firstRow, columns: width, precision)
        }
    }

    /// Memory for the wanted covariances of a tile, filled by `compute`, then copied to where they go.
    /// - Parameters:
    ///   - stride: numbers of a row on the device.
    ///   - firstColumn: where the tile's first column stands in a row.
    func writeTile(
        _ tile: GramTile, stride: Int, firstColumn: Int,
        _ compute: (_ nngp: Memory?, _ ntk: Memory?) throws(ComputeError) -> Void
    ) throws(ComputeError) {
        let bytes = tile.rowRange.count * stride * tile.rows.precision.byteCount
        let nngp = tile.nngp == nil ? nil : try scratch.take(bytes, in: context)
        let ntk = tile.ntk == nil ? nil : try scratch.take(bytes, in: context)
        try compute(nngp, ntk)
        for (memory, matrix) in [(nngp, tile.nngp), (ntk, tile.ntk)] {
            guard let memory, let matrix else { continue }
            try memory.read(bytes, on: queue) { source in
                let copy = TileCopy(tile, to: matrix, from: source, stride: stride, firstColumn: firstColumn)
                copy.run(threads: Self.copyThreads(device))
            }
        }
        for memory in [nngp, ntk].compactMap({ $0 }) { scratch.give(memory) }
    }

    /// A processor's share of the machine is what the device has of it; memory bandwidth needs few threads elsewhere.
    private static func copyThreads(_ device: Device) -> Int {
        device.kind == .cpu ? device.computeUnits : 4
    }
}
