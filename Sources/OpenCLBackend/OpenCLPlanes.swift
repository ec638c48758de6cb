import Compute

/// Images prepared for a net on planes, on one device; layouts in `Kernels/Covariance/planes.cl`.
final class OpenCLPlanes: Sendable {
    /// Panels that lie in one table.
    struct Piece {
        /// [panels, size, lanes]
        let table: Memory
        /// Where the first panel stands in the table.
        let first: Int
        /// Numbers of the panels among all.
        let panels: Range<Int>
    }

    let program: PlanesTables
    /// plan, segments, steps and parameters, as the kernels take them.
    private let plan: [Memory]
    private let parameters: Buffer
    /// [panels, size, lanes], in as many buffers as the largest that the device allows makes necessary.
    private let tables: [Memory]
    /// Panels of every table but the last: a power of two, so that a part of a sum over panels ends where a table does.
    let panelsPerTable: Int
    let lanes: Int
    let count: Int

    init(
        _ program: PlanesTables, plan: [Memory], parameters: Buffer, count: Int, form: PlanesForm, in context: Context
    ) throws(ComputeError) {
        self.program = program
        self.plan = plan
        self.parameters = parameters
        self.count = count
        lanes = form.lanes
        let bytes = form.panelBytes(program)
        let panels = (count + lanes - 1) / lanes
        let fitting = max(1, form.maximumAllocation / bytes)
        panelsPerTable = fitting >= panels ? max(1, panels) : fitting.largestPowerOfTwo
        var tables: [Memory] = []
        for first in stride(from: 0, to: max(1, panels), by: panelsPerTable) {
            tables.append(
                try Memory(
                    min(panelsPerTable, panels - first) * bytes, in: context,
                    advice: "use fewer inputs or a device with more memory"))
        }
        self.tables = tables
    }

    var panels: Int { (count + lanes - 1) / lanes }

    /// What every kernel takes first.
    var planArguments: [KernelArgument] { plan.map { .memory($0) } + [.buffer(parameters)] }

    /// A range of panels, cut where tables end.
    func pieces(of range: Range<Int>) -> [Piece] {
        tables.enumerated().compactMap { number, table in
            let begin = number * panelsPerTable
            let panels = range.clamped(to: begin..<begin + panelsPerTable)
            return panels.isEmpty ? nil : Piece(table: table, first: panels.lowerBound - begin, panels: panels)
        }
    }

    func isMade(in context: Context) -> Bool { tables[0].context === context }
}

extension Int {
    /// - Precondition: positive.
    var largestPowerOfTwo: Int { 1 << (Int.bitWidth - 1 - leadingZeroBitCount) }
}

extension Context {
    /// - Precondition: the inputs were prepared in this context.
    func planes(of inputs: CovarianceInputs) -> OpenCLPlanes {
        guard let planes = inputs.storage as? OpenCLPlanes, planes.isMade(in: self) else {
            preconditionFailure("inputs of another device were given to '\(device.device.name)'")
        }
        return planes
    }
}
