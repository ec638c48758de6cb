import Foundation

/// The Python that files are checked with: `NTK_PYTHON`, or `python3`.
package enum Python {
    package static let hasNumpy = (try? run("import numpy")) == 0
    package static let hasZarr = (try? run("import zarr, dask.array; assert zarr.__version__ >= '3'")) == 0
    package static let hasHDF5 = (try? run("import h5py, numpy")) == 0

    package static func run(_ program: String, _ arguments: String...) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        let python = ProcessInfo.processInfo.environment["NTK_PYTHON"] ?? "python3"
        process.arguments = [python, "-c", program] + arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
