import CPUKernels
import Compute

/// The tables of a net on planes as C reads them.
final class CPUPlanesProgram: Sendable {
    let tables: PlanesTables
    private let memory: [CPUMemory]
    /// Points into `memory`; read only.
    nonisolated(unsafe) let value: ntk_planes

    /// Numbers of a parameter list that may be read behind its end.
    private static let parameterPadding = 4

    init(_ program: CovarianceProgram) throws(ComputeError) {
        tables = PlanesTables(PlanesPlan(program))
        let padding = [Double](repeating: 0, count: Self.parameterPadding)
        memory = [
            try CPUMemory(tables.plan), try CPUMemory(tables.segments), try CPUMemory(tables.steps),
            try CPUMemory(tables.parameters + padding),
        ]
        value = ntk_planes(
            plan: memory[0].pointer(), segments: memory[1].pointer(), steps: memory[2].pointer(),
            parameters: memory[3].pointer(), size: tables.size, tape_size: tables.tapeSize)
    }

    var tail: PlanesTail { tables.tail }
    var recordSize: Int { tables.recordSize }

    /// Bytes of scratch that one call of a pass needs.
    func scratch(_ lanes: Int, _ precision: Precision) -> Int {
        vectors(tables.pooledSize) * lanes * precision.byteCount + tables.variancesSize * lanes * 8
    }

    /// The same with gradients.
    func gradientScratch(_ lanes: Int, _ precision: Precision) -> Int {
        let count = vectors(2 * tables.pooledSize + tables.tapeSize + tables.variancesSize)
        return (count * lanes * precision.byteCount + 63) / 64 * 64
    }

    /// With the planes and a row of windows.
    private func vectors(_ others: Int) -> Int { others + tables.planesSize + 2 * tables.stride }
}

extension CPUMemory {
    /// A copy.
    fileprivate convenience init<T: BitwiseCopyable>(_ elements: [T]) throws(ComputeError) {
        try self.init(byteCount: elements.count * MemoryLayout<T>.stride)
        pointer(T.self).update(from: elements, count: elements.count)
    }
}
