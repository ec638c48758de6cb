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

extension CPUReal {
    /// Bytes that one call of a pass over planes needs.
    static func planesScratch(_ program: CPUPlanesProgram) -> Int {
        var value = program.value
        return precision == .float32
            ? ntk_planes_scratch_float32(&value) : ntk_planes_scratch_float64(&value)
    }
}

extension CPUBackend {
    func preparePlanes<T: CPUReal>(_ planes: CPUPlanes, _ inputs: Buffer, _ dimension: Int, as type: T.Type)
        throws(ComputeError)
    {
        let size = T.planesScratch(planes.program)
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

    /// A tile of a Gram matrix of a net on planes: one row image against panels of column images.
    func gramPlanes<T: CPUReal>(_ tile: GramTile, as type: T.Type) throws(ComputeError) {
        let (rows, columns) = (tile.rows.planes, tile.columns.planes)
        let isTriangular = tile.isSymmetric && tile.rowRange == tile.columnRange
        let scratchSize = T.planesScratch(rows.program)
        let rowSize = rows.program.value.size * T.precision.byteCount
        let pool = try ScratchPool(places: min(threads, tile.rowRange.count), byteCount: scratchSize + rowSize + 64)
        let total = tile.columns.count
        let nngp = tile.nngp?.base.assumingMemoryBound(to: T.self)
        let ntk = tile.ntk?.base.assumingMemoryBound(to: T.self)
        let tail = rows.program.tail
        parallel(tile.rowRange.count) { index in
            // The rows of a triangle grow: the longest first.
            let i = isTriangular ? tile.rowRange.upperBound - 1 - index : tile.rowRange.lowerBound + index
            let end = isTriangular ? i + 1 : tile.columnRange.upperBound
            pool.with { scratch in
                let row = (scratch + scratchSize).assumingMemoryBound(to: T.self)
                Self.covariances(rows, i, columns, tile.columnRange.lowerBound..<end, row, scratch) { j, k, t in
                    for (matrix, kind) in [(nngp, CovarianceKind.nngp), (ntk, .ntk)] {
                        guard let matrix else { continue }
                        let value = T(tail.covariance(kind, k: Double(k), t: Double(t)))
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
        // One row is many panels: parts of panels, so that all threads have work.
        let parts = Self.parts(columns.count, of: 16 * columns.lanes)
        let scratchSize = T.planesScratch(rows.program)
        let rowSize = rows.program.value.size * T.precision.byteCount
        let pool = try ScratchPool(
            places: min(threads, rows.count * parts.count), byteCount: scratchSize + rowSize + 64)
        let tail = rows.program.tail
        parallel(rows.count * parts.count) { index in
            let (i, range) = (index / parts.count, parts[index % parts.count])
            let value = result.value.pointer(T.self) + i * result.stride
            pool.with { scratch in
                let row = (scratch + scratchSize).assumingMemoryBound(to: T.self)
                Self.covariances(rows, i, columns, range, row, scratch) { j, k, t in
                    value[j] = T(tail.covariance(result.kind, k: Double(k), t: Double(t)))
                }
            }
        }
    }

    /// Covariances at the read-out of image i with a range of columns.
    static func covariances<T: CPUReal>(
        _ rows: CPUPlanes, _ i: Int, _ columns: CPUPlanes, _ range: Range<Int>, _ row: UnsafeMutablePointer<T>,
        _ scratch: UnsafeMutableRawPointer, _ deliver: (Int, T, T) -> Void
    ) {
        guard !range.isEmpty else { return }
        var program = rows.program.value
        T.planesRow(&program, rows.panel(i / rows.lanes), Int32(i % rows.lanes), row)
        let lanes = columns.lanes
        withUnsafeTemporaryAllocation(of: T.self, capacity: 2 * lanes) { results in
            guard let nngp = results.baseAddress else { return }
            for panel in range.lowerBound / lanes...(range.upperBound - 1) / lanes {
                T.planesForward(&program, row, columns.panel(panel), nngp, nngp + lanes, scratch)
                for j in max(range.lowerBound, panel * lanes)..<min(range.upperBound, (panel + 1) * lanes) {
                    deliver(j, nngp[j - panel * lanes], nngp[lanes + j - panel * lanes])
                }
            }
        }
    }
}
