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

/// Bytes of what one task of a gradient keeps beside each other.
private struct GradientWork {
    let scratch: Int
    let rows: Int
    let coefficients: Int
    let records: Int

    var byteCount: Int { scratch + rows + coefficients + records }
}

extension CPUBackend {
    /// Panels of a part: what one thread adds up before the parts of a row are summed in order.
    private static var partPanels: Int { 16 }
    /// Rows that share a pass over the panels.
    private static var gradientRows: Int { 4 }

    func run<T: CPUReal>(_ request: PlaneGradient, into gradients: Buffer, as type: T.Type) throws(ComputeError) {
        let (rows, columns, count) = (request.rows, request.columns, request.count)
        let lanes = columns.lanes
        let program = rows.program.value
        let recordSize = rows.program.recordSize
        let scratchSize = rows.program.gradientScratch(lanes, T.precision)
        let bytes = T.precision.byteCount
        let rowBytes = (program.size * bytes + 63) / 64 * 64
        // Few rows are cut into parts of panels, so that all threads have work.
        let blocks = Self.parts(rows.count, of: rows.count >= 8 * Self.gradientRows ? Self.gradientRows : 1)
        let parts = Self.parts(columns.panelCount, of: rows.count >= 8 ? columns.panelCount : Self.partPanels)
        let sums = try CPUMemory(byteCount: parts.count * rows.count * count * recordSize * bytes)
        let tasks = blocks.count * parts.count
        let work = GradientWork(
            scratch: scratchSize, rows: Self.gradientRows * rowBytes,
            coefficients: ((count + 1) * lanes * bytes + 63) / 64 * 64,
            records: Self.gradientRows * recordSize * lanes * bytes)
        let pool = try ScratchPool(places: min(threads, tasks), byteCount: work.byteCount)
        parallel(tasks) { task in
            pool.with { memory in
                Self.records(
                    request, blocks[task / parts.count], parts[task % parts.count], recordSize, work, memory
                ) { row in
                    sums.pointer(T.self) + (row * parts.count + task % parts.count) * count * recordSize
                }
            }
        }

        let dimension = rows.program.tables.inputCount
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

    /// Contracted records of a block of rows with a part of the panels; `target` is where a row's go.
    private static func records<T: CPUReal>(
        _ request: PlaneGradient, _ block: Range<Int>, _ part: Range<Int>, _ recordSize: Int, _ work: GradientWork,
        _ memory: UnsafeMutableRawPointer, _ target: (Int) -> UnsafeMutablePointer<T>
    ) {
        let (rows, columns, count) = (request.rows, request.columns, request.count)
        var program = rows.program.value
        let lanes = columns.lanes
        let images = (memory + work.scratch).assumingMemoryBound(to: T.self)
        let coefficients = (memory + work.scratch + work.rows).assumingMemoryBound(to: T.self)
        let ones = coefficients + count * lanes
        let records = (memory + work.scratch + work.rows + work.coefficients).assumingMemoryBound(to: T.self)
        let slopes = rows.program.tail[request.kind]
        ones.update(repeating: 1, count: lanes)
        records.update(repeating: 0, count: block.count * recordSize * lanes)
        for (place, i) in block.enumerated() {
            T.planesRow(
                &program, rows.panel(i / rows.lanes), Int32(i % rows.lanes), images + place * program.size)
        }
        for panel in part {
            for (place, i) in block.enumerated() {
                let record = records + place * recordSize * lanes
                fill(coefficients, request, i, panel, lanes)
                // One cotangent goes into the pass; of several each record is contracted with all.
                T.planesReverse(
                    &program, images + place * program.size, columns.panel(panel), count == 1 ? coefficients : ones,
                    slopes.k, slopes.t, record, memory)
                guard count > 1 else { continue }
                T.gemm(
                    false, true, count, recordSize, lanes, 1, coefficients, lanes, record, lanes, 1, target(i),
                    recordSize)
                record.update(repeating: 0, count: recordSize * lanes)
            }
        }
        guard count == 1 else { return }
        for (place, i) in block.enumerated() {
            T.planesFold(recordSize, records + place * recordSize * lanes, target(i))
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
