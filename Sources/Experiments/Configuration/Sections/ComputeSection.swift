import Compute

/// `compute`: on what, and in which precision.
package struct ComputeSection: Section {
    package enum Backend: String, Choice {
        case auto, opencl, cpu
    }

    /// Whether tiles of the Gram matrix are kept in the run folder.
    package enum Store: String, Choice {
        case auto, always, never
    }

    package var backend = Backend.auto
    /// nil for all.
    package var devices: [DeviceSelector]?
    package var precision = Precision.float32
    /// Rows and columns of a Gram tile; nil for the device's own.
    package var tile: Int?
    /// Bytes of host memory; nil for what the machine has.
    package var memoryLimit: Int?
    package var store = Store.auto

    package init() {}

    static let keys: [Key<Self>] = [
        Key("backend", \.backend, .choice(), "auto (every OpenCL GPU, else the CPU) | opencl | cpu"),
        Key(
            "devices", \.devices, Kind.deviceSelector.list(atLeast: 1, of: "devices").orWord("all"),
            "all, or indices as printed by ntk devices; {split: 0, units: [1, 1]} makes parts of device 0"),
        Key("precision", \.precision, .choice(), "float32 | float64 for kernels and gradients; solves are float64"),
        Key("tile", \.tile, Kind.integer(atLeast: 1).orWord("auto"), "rows and columns of a Gram tile"),
        Key(
            "memory_limit", \.memoryLimit, Kind.integer(atLeast: 1).orWord("auto"),
            "bytes of host memory; above it the Gram matrix lives in the tile store"),
        Key(
            "store", \.store, .choice(),
            "auto (a Gram matrix that takes over 5 s is kept in gram.zarr) | always | never", identifies: false),
    ]

    mutating func complete(at path: String, _ reading: inout Reading) {
        guard let devices else { return }
        let indices = devices.map(\.index)
        for (place, index) in indices.enumerated() where indices[..<place].contains(index) {
            reading.note("device \(index) is given twice", at: "\(path).devices.\(place)")
        }
    }
}

extension Precision: Choice {}
