import Compute

extension OpenCLBackend {
    /// Enqueues the covariances of rows × columns of images on planes.
    /// - Parameters:
    ///   - panels: whole panels of columns.
    ///   - stride: numbers of a row of the results.
    ///   - nngp: [rows, stride]; nil where not wanted.
    func launchPlanes(
        _ rows: OpenCLPlanes, _ rowRange: Range<Int>, _ columns: OpenCLPlanes, panels: Range<Int>, stride: Int,
        isTriangular: Bool, nngp: Memory?, ntk: Memory?, _ precision: Precision
    ) throws(ComputeError) {
        guard let first = nngp ?? ntk else { return }
        let form = planesForm(rows.program, precision)
        let kernel = try kernel("gram", of: planesSource(["planes_gram"], rows.program, .rowAgainstPanel, precision))
        let groups = form.groups(rowRange.count * panels.count, scratch: form.scratch)
        let scratch = try Memory(form.bytes(groups, scratch: form.scratch), in: context)
        let wanted: Int32 = (nngp == nil ? 0 : 1) | (ntk == nil ? 0 : 2)
        for table in try planeRows(rows, rowRange, precision) {
            for piece in columns.pieces(of: panels) {
                let number =
                    (table.images.lowerBound - rowRange.lowerBound) * stride
                    + (piece.panels.lowerBound - panels.lowerBound) * columns.lanes
                try launch(
                    kernel,
                    rows.planArguments + [
                        .memory(table.memory), .size(table.first), .size(table.images.lowerBound),
                        .size(table.images.upperBound), .memory(piece.table), .size(piece.first),
                        .size(piece.panels.lowerBound), .size(piece.panels.count), .size(stride), .size(number),
                        .int(isTriangular ? 1 : 0), .int(wanted), .memory(nngp ?? first), .memory(ntk ?? first),
                        .memory(scratch), .size(form.scratch),
                    ] + form.localArguments,
                    global: [groups * form.group], local: [form.group])
            }
        }
    }

    /// A tile of a Gram matrix of a net on planes.
    func gramPlanes(_ tile: GramTile) throws(ComputeError) {
        let precision = tile.rows.precision
        let (rows, columns) = (context.planes(of: tile.rows), context.planes(of: tile.columns))
        let lanes = columns.lanes
        let panels = tile.columnRange.lowerBound / lanes..<(tile.columnRange.upperBound + lanes - 1) / lanes
        let stride = panels.count * lanes
        try writeTile(tile, stride: stride, firstColumn: tile.columnRange.lowerBound - panels.lowerBound * lanes) {
            nngp, ntk throws(ComputeError) in
            try launchPlanes(
                rows, tile.rowRange, columns, panels: panels, stride: stride,
                isTriangular: tile.isSymmetric && tile.rowRange == tile.columnRange, nngp: nngp, ntk: ntk, precision)
        }
    }
}
