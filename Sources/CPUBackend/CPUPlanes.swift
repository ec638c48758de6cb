import CPUKernels
import Compute

/// Images prepared for a program on planes: panels of as many images as a vector has lanes.
final class CPUPlanes: Sendable {
    let program: CPUPlanesProgram
    let lanes: Int
    /// [panels, size, lanes]
    let panels: CPUMemory
    let count: Int

    init(_ program: CovarianceProgram, count: Int, precision: Precision) throws(ComputeError) {
        self.program = try CPUPlanesProgram(program)
        self.count = count
        lanes = precision == .float32 ? Int(ntk_planes_lanes_float32()) : Int(ntk_planes_lanes_float64())
        let panelCount = (count + lanes - 1) / lanes
        panels = try CPUMemory(byteCount: panelCount * self.program.value.size * lanes * precision.byteCount)
    }

    var panelCount: Int { (count + lanes - 1) / lanes }

    func panel<T>(_ index: Int, _ type: T.Type = T.self) -> UnsafeMutablePointer<T> {
        panels.pointer(T.self) + index * program.value.size * lanes
    }
}

extension CovarianceInputs {
    var planes: CPUPlanes {
        guard let planes = storage as? CPUPlanes else {
            preconditionFailure("inputs of another backend were given to the CPU backend")
        }
        return planes
    }
}

extension CPUBackend {
    func preparePlanes<T: CPUReal>(_ planes: CPUPlanes, _ inputs: Buffer, _ dimension: Int, as type: T.Type)
        throws(ComputeError)
    {
        let size = planes.program.scratch(planes.lanes, T.precision)
        let pool = try ScratchPool(places: min(threads, planes.panelCount), byteCount: size)
        parallel(planes.panelCount) { index in
            var program = planes.program.value
            let first = index * planes.lanes
            pool.with { scratch in
                T.planesPrepare(
                    &program, inputs.pointer(T.self) + first * dimension, min(planes.lanes, planes.count - first),
                    planes.panel(index), scratch)
            }
        }
    }

    /// Rows that share a pass over the panels: a panel is fetched once for all of them and stays in the second-level
    /// cache beside them.
    private static var blockRows: Int { 8 }

    /// A tile of a Gram matrix of a net on planes: blocks of row images against panels of column images.
    func gramPlanes<T: CPUReal>(_ tile: GramTile, as type: T.Type) throws(ComputeError) {
        let (rows, columns) = (tile.rows.planes, tile.columns.planes)
        let isTriangular = tile.isSymmetric && tile.rowRange == tile.columnRange
        let blocks = Self.parts(tile.rowRange.count, of: Self.blockRows)
        let pool = try covariancePool(rows, as: T.self, tasks: blocks.count)
        let total = tile.columns.count
        let nngp = tile.nngp?.base.assumingMemoryBound(to: T.self)
        let ntk = tile.ntk?.base.assumingMemoryBound(to: T.self)
        let tail = rows.program.tail
        parallel(blocks.count) { index in
            // The rows of a triangle grow: the longest first.
            let block = blocks[isTriangular ? blocks.count - 1 - index : index]
            let first = tile.rowRange.lowerBound
            let range = first + block.lowerBound..<first + block.upperBound
            pool.with { scratch in
                Self.covariances(
                    rows, range, columns, tile.columnRange, isTriangular: isTriangular, scratch, as: T.self
                ) { i, j, k, t in
                    for (matrix, kind) in [(nngp, CovarianceKind.nngp), (ntk, .ntk)] {
                        guard let matrix else { continue }
                        let value = T(tail[kind](k: Double(k), t: Double(t)))
                        matrix[i * total + j] = value
                        if tile.isSymmetric { matrix[j * total + i] = value }
                    }
                }
            }
        }
    }

    /// Covariances of rows × columns into a linearization.
    func valuesOnPlanes<T: CPUReal>(
        _ rowInputs: CovarianceInputs, _ columnInputs: CovarianceInputs, _ result: CPULinearization, as type: T.Type
    ) throws(ComputeError) {
        let (rows, columns) = (rowInputs.planes, columnInputs.planes)
        // One block is many panels: parts of panels, so that all threads have work.
        let parts = Self.parts(columns.count, of: 16 * columns.lanes)
        let blocks = Self.parts(rows.count, of: Self.blockRows)
        let pool = try covariancePool(rows, as: T.self, tasks: blocks.count * parts.count)
        let covariance = rows.program.tail[result.kind]
        parallel(blocks.count * parts.count) { index in
            let (block, range) = (blocks[index / parts.count], parts[index % parts.count])
            pool.with { scratch in
                Self.covariances(
                    rows, block, columns, range, isTriangular: false, scratch, as: T.self
                ) { i, j, k, t in
                    result.value.pointer(T.self)[i * result.stride + j] = T(covariance(k: Double(k), t: Double(t)))
                }
            }
        }
    }

    /// Scratch for `covariances`: a pass over planes, then the rows of a block.
    private func covariancePool<T: CPUReal>(
        _ rows: CPUPlanes, as type: T.Type, tasks: Int
    ) throws(ComputeError) -> ScratchPool {
        let rowBytes = rows.program.value.size * T.precision.byteCount
        return try ScratchPool(
            places: min(threads, tasks),
            byteCount: rows.program.scratch(rows.lanes, T.precision) + Self.blockRows * rowBytes)
    }

    /// Covariances at the read-out of a block of images with a range of columns, panel by panel.
    /// - Parameter isTriangular: only columns ≤ row are wanted.
    private static func covariances<T: CPUReal>(
        _ rows: CPUPlanes, _ block: Range<Int>, _ columns: CPUPlanes, _ range: Range<Int>, isTriangular: Bool,
        _ scratch: UnsafeMutableRawPointer, as type: T.Type, _ deliver: (Int, Int, T, T) -> Void
    ) {
        guard !range.isEmpty else { return }
        var program = rows.program.value
        let images = (scratch + rows.program.scratch(rows.lanes, T.precision)).assumingMemoryBound(to: T.self)
        for (place, i) in block.enumerated() {
            T.planesRow(
                &program, rows.panel(i / rows.lanes), Int32(i % rows.lanes), images + place * program.size)
        }
        let lanes = columns.lanes
        withUnsafeTemporaryAllocation(of: T.self, capacity: 2 * lanes) { results in
            guard let nngp = results.baseAddress else { return }
            for panel in range.lowerBound / lanes...(range.upperBound - 1) / lanes {
                for (place, i) in block.enumerated() {
                    let end = isTriangular ? min(range.upperBound, i + 1) : range.upperBound
                    let (first, last) = (max(range.lowerBound, panel * lanes), min(end, (panel + 1) * lanes))
                    guard first < last else { continue }
                    T.planesForward(
                        &program, images + place * program.size, columns.panel(panel), nngp, nngp + lanes, scratch)
                    for j in first..<last { deliver(i, j, nngp[j - panel * lanes], nngp[lanes + j - panel * lanes]) }
                }
            }
        }
    }
}
