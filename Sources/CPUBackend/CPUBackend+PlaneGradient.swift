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

/// How a gradient's sums over pairs lie.
private struct GradientSums {
    /// Numbers of a record that are contracted.
    let numbers: Int
    /// Numbers per row of sums: cotangents in whole vectors.
    let pitch: Int
    let parts: Int
    /// Whether records are finished pair by pair.
    let finishesPairs: Bool

    init(_ tables: PlanesTables, cotangents: Int, lanes: Int, parts: Int) {
        numbers = tables.contractedSize(cotangents: cotangents)
        pitch = tables.pitch(cotangents: cotangents, lanes: lanes)
        finishesPairs = tables.finishesPairs(cotangents: cotangents)
        self.parts = parts
    }

    /// Numbers of the sums of a part of a row, [numbers, pitch].
    var size: Int { numbers * pitch }

    func offset(row: Int, part: Int) -> Int { (row * parts + part) * size }
}

/// Bytes of what one task of a gradient keeps beside each other.
private struct GradientWork {
    let scratch: Int
    let rows: Int
    let products: Int
    let coefficients: Int
    let records: Int

    var byteCount: Int { scratch + rows + products + coefficients + records }
}

extension CPUBackend {
    /// Panels of a part: what one thread adds up before the parts of a row are summed in order.
    private static var partPanels: Int { 16 }
    /// Rows that share a pass over the panels.
    private static var gradientRows: Int { 4 }

    func run<T: CPUReal>(_ request: PlaneGradient, into gradients: Buffer, as type: T.Type) throws(ComputeError) {
        let (rows, columns, count) = (request.rows, request.columns, request.count)
        let (lanes, block) = (columns.lanes, Int(T.planesBlock()))
        let recordSize = rows.program.recordSize
        let bytes = T.precision.byteCount
        let rowBytes = (rows.program.value.size * bytes + 63) / 64 * 64
        // Few rows are cut into parts of panels, so that all threads have work.
        let blocks = Self.parts(rows.count, of: rows.count >= 8 * Self.gradientRows ? Self.gradientRows : 1)
        let parts = Self.parts(columns.panelCount, of: rows.count >= 8 ? columns.panelCount : Self.partPanels)
        let layout = GradientSums(rows.program.tables, cotangents: count, lanes: lanes, parts: parts.count)
        let sums = try CPUMemory(byteCount: rows.count * parts.count * layout.size * bytes)
        let tasks = blocks.count * parts.count
        let work = GradientWork(
            scratch: rows.program.gradientScratch(lanes, T.precision), rows: Self.gradientRows * rowBytes,
            products: (block * lanes * count * 8 + 63) / 64 * 64,
            coefficients: (block * lanes * (layout.pitch + 1) * bytes + 63) / 64 * 64,
            records: (count == 1 ? Self.gradientRows : block) * recordSize * lanes * bytes)
        let pool = try ScratchPool(places: min(threads, tasks), byteCount: work.byteCount)
        parallel(tasks) { task in
            let part = task % parts.count
            pool.with { memory in
                Self.records(request, blocks[task / parts.count], parts[part], layout, work, memory) { row in
                    sums.pointer(T.self) + layout.offset(row: row, part: part)
                }
            }
        }
        try finish(request, layout, sums, into: gradients, as: T.self)
    }

    /// From sums over pairs to gradients: a task per row and vector of cotangents.
    private func finish<T: CPUReal>(
        _ request: PlaneGradient, _ layout: GradientSums, _ sums: CPUMemory, into gradients: Buffer, as type: T.Type
    ) throws(ComputeError) {
        let (rows, count, lanes) = (request.rows, request.count, request.columns.lanes)
        let (recordSize, dimension) = (rows.program.recordSize, rows.program.tables.inputCount)
        let scratchSize = rows.program.gradientScratch(lanes, T.precision)
        let rowBytes = (rows.program.value.size * T.precision.byteCount + 63) / 64 * 64
        let groups = Self.parts(count, of: lanes)
        let pool = try ScratchPool(
            places: min(threads, rows.count * groups.count),
            byteCount: scratchSize + rowBytes + recordSize * lanes * T.precision.byteCount)
        parallel(rows.count * groups.count) { task in
            let (i, group) = (task / groups.count, groups[task % groups.count])
            var program = rows.program.value
            pool.with { scratch in
                let row = (scratch + scratchSize).assumingMemoryBound(to: T.self)
                let record = (scratch + scratchSize + rowBytes).assumingMemoryBound(to: T.self)
                record.update(repeating: 0, count: layout.numbers * lanes)
                for part in 0..<layout.parts {
                    let source = sums.pointer(T.self) + layout.offset(row: i, part: part) + group.lowerBound
                    for number in 0..<layout.numbers {
                        for lane in 0..<group.count {
                            record[number * lanes + lane] += source[number * layout.pitch + lane]
                        }
                    }
                }
                if !layout.finishesPairs {
                    T.planesRow(&program, rows.panel(i / rows.lanes), Int32(i % rows.lanes), row)
                    T.planesFinish(&program, row, record, scratch)
                }
                for (lane, cotangent) in group.enumerated() {
                    let target = gradients.pointer(T.self) + (i * count + cotangent) * dimension
                    for k in 0..<dimension { target[k] = record[k * lanes + lane] }
                }
            }
        }
    }

    /// Contracted records of a block of rows with a part of the panels; `target` is where a row's go.
    private static func records<T: CPUReal>(
        _ request: PlaneGradient, _ block: Range<Int>, _ part: Range<Int>, _ layout: GradientSums,
        _ work: GradientWork, _ memory: UnsafeMutableRawPointer, _ target: (Int) -> UnsafeMutablePointer<T>
    ) {
        let (rows, columns, count, lanes) = (request.rows, request.columns, request.count, request.columns.lanes)
        var program = rows.program.value
        let recordSize = rows.program.recordSize
        let images = (memory + work.scratch).assumingMemoryBound(to: T.self)
        let products = (memory + work.scratch + work.rows).assumingMemoryBound(to: Double.self)
        let coefficients = (memory + work.scratch + work.rows + work.products).assumingMemoryBound(to: T.self)
        let ones = coefficients + Int(T.planesBlock()) * lanes * layout.pitch
        let records = (memory + work.byteCount - work.records).assumingMemoryBound(to: T.self)
        let slopes = rows.program.tail[request.kind]
        ones.update(repeating: 1, count: lanes)
        for (place, i) in block.enumerated() {
            T.planesRow(
                &program, rows.panel(i / rows.lanes), Int32(i % rows.lanes), images + place * program.size)
        }
        if count == 1 { records.update(repeating: 0, count: block.count * recordSize * lanes) }
        for group in parts(part.count, of: Int(T.planesBlock())) {
            let panels = part.lowerBound + group.lowerBound..<part.lowerBound + group.upperBound
            for (place, i) in block.enumerated() {
                let image = images + place * program.size
                weigh(request, i, panels, products, coefficients, layout.pitch)
                if count > 1 { records.update(repeating: 0, count: panels.count * recordSize * lanes) }
                for (number, panel) in panels.enumerated() {
                    // One cotangent goes into the pass, whose record collects all pairs; of several each record is
                    // contracted with all.
                    let record = records + (count == 1 ? place : number) * recordSize * lanes
                    T.planesReverse(
                        &program, image, columns.panel(panel), count == 1 ? coefficients + number * lanes : ones,
                        slopes.k, slopes.t, record, memory)
                    if layout.finishesPairs { T.planesFinish(&program, image, record, memory) }
                }
                guard count > 1 else { continue }
                T.planesContract(
                    layout.numbers, recordSize, panels.count, records, coefficients, layout.pitch, target(i))
            }
        }
        guard count == 1 else { return }
        for (place, i) in block.enumerated() {
            T.planesFold(recordSize, records + place * recordSize * lanes, target(i))
        }
    }

    /// Coefficients of a row's pairs with some panels, [panels, lanes, pitch]; 0 where a panel has no image.
    /// - Parameter products: scratch of [panels, lanes, count].
    private static func weigh<T: CPUReal>(
        _ request: PlaneGradient, _ row: Int, _ panels: Range<Int>, _ products: UnsafeMutablePointer<Double>,
        _ coefficients: UnsafeMutablePointer<T>, _ pitch: Int
    ) {
        let (count, outputs, lanes) = (request.count, request.outputs, request.columns.lanes)
        let first = panels.lowerBound * lanes
        let pairs = min(panels.count * lanes, request.columns.count - first)
        Double.gemm(
            false, true, pairs, count, outputs, 1, request.weights.pointer(Double.self) + first * outputs, outputs,
            request.cotangents.pointer(Double.self) + row * count * outputs, outputs, 0, products, count)
        coefficients.update(repeating: 0, count: panels.count * lanes * pitch)
        for pair in 0..<pairs {
            for cotangent in 0..<count {
                coefficients[pair * pitch + cotangent] = T(products[pair * count + cotangent])
            }
        }
    }
}
