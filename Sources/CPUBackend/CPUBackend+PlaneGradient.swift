import CPUKernels
import Compute

/// Gradients on planes: records of pairs are made panel by panel and contracted at once, so that memory holds sums
/// over pairs alone.
struct PlaneGradient {
    let kind: CovarianceKind
    let rows: CPUPlanes
    let columns: CPUPlanes
    let cotangents: Buffer
    let count: Int
    let weights: Buffer
    let outputs: Int
}

extension CPUReal {
    static func planesRecordSize(_ program: inout ntk_planes) -> Int {
        precision == .float32 ? ntk_planes_record_size_float32(&program) : ntk_planes_record_size_float64(&program)
    }

    static func planesGradientScratch(_ program: inout ntk_planes) -> Int {
        let size =
            precision == .float32
            ? ntk_planes_gradient_scratch_float32(&program) : ntk_planes_gradient_scratch_float64(&program)
        return (size + 63) / 64 * 64
    }
}

extension CPUBackend {
    /// Panels of a part: what one thread adds up before the parts of a row are summed in order.
    private static var partPanels: Int { 16 }

    func run<T: CPUReal>(_ request: PlaneGradient, into gradients: Buffer, as type: T.Type) throws(ComputeError) {
        let (rows, columns, count) = (request.rows, request.columns, request.count)
        let lanes = columns.lanes
        var program = rows.program.value
        let recordSize = T.planesRecordSize(&program)
        let scratchSize = T.planesGradientScratch(&program)
        let bytes = T.precision.byteCount
        let rowBytes = (program.size * bytes + 63) / 64 * 64
        let coefficientBytes = (count * lanes * bytes + 63) / 64 * 64
        // Few rows are cut into parts of panels, so that all threads have work.
        let parts = Self.parts(columns.panelCount, of: rows.count >= 8 ? columns.panelCount : Self.partPanels)
        let sums = try CPUMemory(byteCount: parts.count * rows.count * count * recordSize * bytes)
        let tasks = rows.count * parts.count
        let pool = try ScratchPool(
            places: min(threads, tasks),
            byteCount: scratchSize + rowBytes + coefficientBytes + 2 * recordSize * lanes * bytes)
        let slopes = rows.program.tail.slopes(request.kind)

        parallel(tasks) { task in
            let (i, part) = (task / parts.count, task % parts.count)
            var program = program
            pool.with { scratch in
                let row = (scratch + scratchSize).assumingMemoryBound(to: T.self)
                let coefficients = (scratch + scratchSize + rowBytes).assumingMemoryBound(to: T.self)
                let record = (scratch + scratchSize + rowBytes + coefficientBytes).assumingMemoryBound(to: T.self)
                let byLane = record + recordSize * lanes
                let sum = sums.pointer(T.self) + task * count * recordSize
                if count == 1 { byLane.update(repeating: 0, count: recordSize * lanes) }
                T.planesRow(&program, rows.panel(i / rows.lanes), Int32(i % rows.lanes), row)
                for panel in parts[part] {
                    Self.fill(coefficients, request, i, panel, lanes)
                    T.planesReverse(&program, row, columns.panel(panel), slopes.k, slopes.t, record, scratch)
                    // sum [count, record] += coefficients [count, lanes] · record [record, lanes]ᵀ
                    if count == 1 {
                        T.planesWeigh(recordSize, record, coefficients, byLane)
                    } else {
                        T.gemm(
                            false, true, count, recordSize, lanes, 1, coefficients, lanes, record, lanes, 1, sum,
                            recordSize)
                    }
                }
                if count == 1 { T.planesFold(recordSize, byLane, sum) }
            }
        }

        let dimension = Int(program.segments[0].height * program.segments[0].width * program.channels)
        let groups = Self.parts(count, of: lanes)
        let finishing = try ScratchPool(
            places: min(threads, rows.count * groups.count),
            byteCount: scratchSize + rowBytes + recordSize * lanes * bytes)
        parallel(rows.count * groups.count) { task in
            let (i, group) = (task / groups.count, groups[task % groups.count])
            var program = program
            finishing.with { scratch in
                let row = (scratch + scratchSize).assumingMemoryBound(to: T.self)
                let record = (scratch + scratchSize + rowBytes).assumingMemoryBound(to: T.self)
                T.planesRow(&program, rows.panel(i / rows.lanes), Int32(i % rows.lanes), row)
                for lane in 0..<lanes {
                    let cotangent = group.lowerBound + lane
                    for index in 0..<recordSize {
                        var total: T = 0
                        if cotangent < group.upperBound {
                            for part in parts.indices {
                                total +=
                                    sums.pointer(T.self)[
                                        ((i * parts.count + part) * count + cotangent) * recordSize + index]
                            }
                        }
                        record[index * lanes + lane] = total
                    }
                }
                T.planesFinish(&program, row, record, scratch)
                for cotangent in group {
                    let target = gradients.pointer(T.self) + (i * count + cotangent) * dimension
                    for k in 0..<dimension { target[k] = record[k * lanes + cotangent - group.lowerBound] }
                }
            }
        }
    }

    /// Coefficients of a row's pairs with one panel, [count, lanes]; 0 where the panel has no image.
    private static func fill<T: CPUReal>(
        _ coefficients: UnsafeMutablePointer<T>, _ request: PlaneGradient, _ row: Int, _ panel: Int, _ lanes: Int
    ) {
        let (count, outputs) = (request.count, request.outputs)
        let weights = request.weights.pointer(Double.self)
        let cotangents = request.cotangents.pointer(Double.self) + row * count * outputs
        for lane in 0..<lanes {
            let j = panel * lanes + lane
            for cotangent in 0..<count {
                var sum = 0.0
                if j < request.columns.count {
                    for output in 0..<outputs {
                        sum += cotangents[cotangent * outputs + output] * weights[j * outputs + output]
                    }
                }
                coefficients[cotangent * lanes + lane] = T(sum)
            }
        }
    }
}
