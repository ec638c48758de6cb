import CPUKernels
import Compute
import Foundation

extension CPUBackend {
    /// Rows of a strip: one thread's share of a tile. Tall enough that packing the columns for the product, which
    /// every strip repeats, costs a few per cent; small enough that strips balance.
    private static var stripRows: Int { 256 }

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
        let strips = Self.parts(tile.rowRange.count, of: Self.stripRows)
        let rhoStride = (tile.columnRange.count + 15) / 16 * 16
        let scratch = try CPUMemory(
            byteCount: min(threads, strips.count) * Self.stripRows * rhoStride * T.precision.byteCount)
        let free = Pool(min(threads, strips.count))
        let dimension = tile.rows.program.input.count

        // Strips of a triangle grow towards its end: the largest first.
        parallel(strips.count) { index in
            let strip = strips[isTriangular ? strips.count - 1 - index : index]
            let i = tile.rowRange.lowerBound + strip.lowerBound
            let j = tile.columnRange.lowerBound
            let width = isTriangular ? strip.upperBound : tile.columnRange.count
            let place = free.take()
            defer { free.give(place) }
            let rho = scratch.pointer(T.self) + place * Self.stripRows * rhoStride
            let unitRows: UnsafeMutablePointer<T> = rows.unit.pointer()
            let unitColumns: UnsafeMutablePointer<T> = columns.unit.pointer()
            T.correlate(
                strip.count, width, dimension, unitRows + i * dimension, unitColumns + j * dimension, rho, rhoStride)

            var rowTables = T.inputs(rows)
            var columnTables = T.inputs(columns)
            var program = rows.program.value
            let total = tile.columns.count
            let nngp = tile.nngp?.base.assumingMemoryBound(to: T.self)
            let ntk = tile.ntk?.base.assumingMemoryBound(to: T.self)
            T.forward(
                &program, &rowTables, i, i + strip.count, &columnTables, j, j + width, isTriangular ? 1 : 0, rho,
                rhoStride, nngp.map { $0 + i * total + j }, ntk.map { $0 + i * total + j }, total)
            guard tile.isSymmetric else { return }
            for matrix in [nngp, ntk] {
                guard let matrix else { continue }
                Self.mirror(matrix, total, rows: i..<i + strip.count, columns: j..<j + width, isTriangular)
            }
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

/// Places 0 ..< count, each in one thread's hands at a time.
private final class Pool: @unchecked Sendable {
    private var places: [Int]
    private let lock = NSLock()

    init(_ count: Int) { places = Array(0..<count) }

    func take() -> Int {
        lock.lock()
        defer { lock.unlock() }
        guard let place = places.popLast() else { preconditionFailure("more threads than scratch places") }
        return place
    }

    func give(_ place: Int) {
        lock.lock()
        defer { lock.unlock() }
        places.append(place)
    }
}
