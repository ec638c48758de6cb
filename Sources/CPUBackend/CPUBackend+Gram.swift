import CPUKernels
import Compute

extension CPUBackend {
    /// Rows and columns of the grid that cuts a Gram matrix into products, whatever its tiles: a BLAS may add up in
    /// another order at the edges of a product, so every number must come out of the same product for every tiling.
    /// A tile computes the blocks that cover it; tiles of whole blocks waste nothing.
    /// Rows are one thread's share: enough of them that packing the columns, which every strip repeats, costs a few
    /// per cent. A block of products stays in the second-level cache.
    private static var grid: (rows: Int, columns: Int) { (256, 512) }

    package func prepare(
        _ program: CovarianceProgram, inputs: Buffer, count: Int
    ) throws(ComputeError) -> CovarianceInputs {
        precondition(inputs.count >= count * program.input.count)
        if program.geometry != .scalar {
            let planes = try CPUPlanes(program, count: count, precision: inputs.precision)
            switch inputs.precision {
            case .float32: try preparePlanes(planes, inputs, program.input.count, as: Float.self)
            case .float64: try preparePlanes(planes, inputs, program.input.count, as: Double.self)
            }
            return CovarianceInputs(program: program, count: count, precision: inputs.precision, storage: planes)
        }
        let tables = try CPUInputs(program, count: count, precision: inputs.precision)
        switch inputs.precision {
        case .float32: fill(tables, from: inputs, count, as: Float.self)
        case .float64: fill(tables, from: inputs, count, as: Double.self)
        }
        return CovarianceInputs(program: program, count: count, precision: inputs.precision, storage: tables)
    }

    private func fill<T: CPUReal>(_ tables: CPUInputs, from inputs: Buffer, _ count: Int, as type: T.Type) {
        let parts = Self.parts(count, of: max(16, (count + 4 * threads - 1) / (4 * threads)))
        parallel(parts.count) { part in
            var target = T.inputs(tables)
            var program = tables.program.value
            T.prepare(&program, inputs.pointer(), parts[part].lowerBound, parts[part].upperBound, &target)
        }
    }

    package func gram(_ tile: GramTile) throws(ComputeError) {
        switch (tile.rows.program.geometry, tile.rows.precision) {
        case (.scalar, .float32): try gram(tile, as: Float.self)
        case (.scalar, .float64): try gram(tile, as: Double.self)
        case (_, .float32): try gramPlanes(tile, as: Float.self)
        case (_, .float64): try gramPlanes(tile, as: Double.self)
        }
    }

    private func gram<T: CPUReal>(_ tile: GramTile, as type: T.Type) throws(ComputeError) {
        let rows = tile.rows.cpu
        let columns = tile.columns.cpu
        let isTriangular = tile.isSymmetric && tile.rowRange == tile.columnRange
        let strips = Self.blocks(tile.rowRange, of: Self.grid.rows, in: tile.rows.count)
        let blocks = Self.blocks(tile.columnRange, of: Self.grid.columns, in: tile.columns.count)
        // Vectors may read past the last column.
        let productStride = Self.grid.columns + 16
        let scratch = try ScratchPool(
            places: min(threads, strips.count), byteCount: Self.grid.rows * productStride * T.precision.byteCount)
        let dimension = tile.rows.program.input.count
        let total = tile.columns.count
        let nngp = tile.nngp?.base.assumingMemoryBound(to: T.self)
        let ntk = tile.ntk?.base.assumingMemoryBound(to: T.self)

        // Strips of a triangle grow towards its end: the largest first.
        parallel(strips.count) { index in
            let strip = strips[isTriangular ? strips.count - 1 - index : index]
            let i = strip.clamped(to: tile.rowRange)
            scratch.with { memory in
                let product = memory.assumingMemoryBound(to: T.self)
                var rowTables = T.inputs(rows)
                var columnTables = T.inputs(columns)
                var program = rows.program.value
                for block in blocks where !isTriangular || block.lowerBound < i.upperBound {
                    let j = block.clamped(to: tile.columnRange)
                    T.gemm(
                        false, true, strip.count, block.count, dimension, 1,
                        rows.centred.pointer(T.self) + strip.lowerBound * dimension, dimension,
                        columns.centred.pointer(T.self) + block.lowerBound * dimension, dimension, 0, product,
                        productStride)
                    let start = (i.lowerBound - strip.lowerBound) * productStride + j.lowerBound - block.lowerBound
                    let target = i.lowerBound * total + j.lowerBound
                    T.forward(
                        &program, &rowTables, i.lowerBound, i.upperBound, &columnTables, j.lowerBound, j.upperBound,
                        isTriangular ? 1 : 0, product + start, productStride, nngp.map { $0 + target },
                        ntk.map { $0 + target },
                        total)
                }
            }
            guard tile.isSymmetric else { return }
            for matrix in [nngp, ntk] {
                guard let matrix else { continue }
                Self.mirror(matrix, total, rows: i, columns: tile.columnRange, isTriangular)
            }
        }
    }

    /// The blocks of a grid on 0 ..< count that cover `range`; the last one may be smaller.
    private static func blocks(_ range: Range<Int>, of size: Int, in count: Int) -> [Range<Int>] {
        stride(from: range.lowerBound / size * size, to: range.upperBound, by: size).map {
            $0..<min($0 + size, count)
        }
    }

    /// Copies a strip below the diagonal to its transposed place.
    private static func mirror<T: CPUReal>(
        _ matrix: UnsafeMutablePointer<T>, _ total: Int, rows: Range<Int>, columns: Range<Int>, _ isTriangular: Bool
    ) {
        let rectangle = isTriangular ? columns.lowerBound..<rows.lowerBound : columns
        T.transpose(
            rows.count, rectangle.count, matrix + rows.lowerBound * total + rectangle.lowerBound, total,
            matrix + rectangle.lowerBound * total + rows.lowerBound, total)
        guard isTriangular else { return }
        for i in rows {
            for j in rows.lowerBound..<i { matrix[j * total + i] = matrix[i * total + j] }
        }
    }
}
