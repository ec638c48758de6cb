import Compute

/// How covariance kernels are cut into work-items.
package enum CovarianceForm: String, Sendable, CaseIterable {
    /// A work-group per tile of pairs with local memory: GPUs.
    case group
    /// A work-item per micro-tile of explicit vectors: processors.
    case vector

    /// What suits a device.
    init(for device: Device) { self = device.kind == .cpu ? .vector : .group }

    /// Work-items of a group on each axis, for the group form.
    func side(_ device: OpenCLDevice) -> Int { device.maximumGroup >= 256 ? 16 : 8 }

    /// Lanes of a vector.
    func width(_ precision: Precision) -> Int {
        switch self {
        case .group: 1
        case .vector: 64 / precision.byteCount
        }
    }

    /// Inputs that stand together in the tables, and columns of a tile or micro-tile.
    func panel(_ precision: Precision, _ device: OpenCLDevice) -> Int {
        switch self {
        case .group: 4 * side(device)
        case .vector: 2 * width(precision)
        }
    }

    /// Rows of a work-group or work-item.
    func rows(_ device: OpenCLDevice) -> Int {
        switch self {
        case .group: 4 * side(device)
        case .vector: 8
        }
    }

    /// Build options that the drivers of this form want.
    func options(_ precision: Precision, _ device: OpenCLDevice) -> [String] {
        let common = [
            "-D REAL_WIDTH=\(width(precision))", "-D PANEL=\(panel(precision, device))",
            "-D CHUNK_LIMIT=\(RowParts.chunkLimit)",
        ]
        switch self {
        case .group: return common
        case .vector:
            return common + ["-D ROWS=\(rows(device))", "-D FINISH_SHARE=\(Self.finishShare)"]
        }
    }

    /// Numbers of a gradient per work-item of the vector form.
    static let finishShare = 256

    /// Work-items that share the sum of one input's squares, or one sum of a prediction: the kernels' defaults.
    static let sumGroup = 64
}
