import ArgumentParser
import Compute
import Experiments

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write a run's Gram matrices and arrays as HDF5, or its matrices as .npy.",
        discussion: """
            Reads the tiles of gram.zarr and writes the whole symmetric matrix, a strip of rows at a time. hdf5 makes one \
            file beside the run's folder, with the matrices of its stores, what they were made from, and all arrays; of a \
            store alone it holds the matrices. npy makes a file for each matrix. A file that is there is not overwritten.

            Example: ntk export runs/mnist-20k/3f9a0c1b2d --output mnist-20k.h5
            """)

    @Argument(help: ArgumentHelp("The folder of a run, or a gram.zarr.", valueName: "folder"))
    var path: String

    @Option(help: "hdf5 or npy.")
    var format = Export.Format.hdf5

    @Option(help: "The only matrix that is wanted (ntk, nngp); by default all that are there.")
    var matrix: CovarianceKind?

    @Option(
        help: ArgumentHelp(
            "File to write; by default FOLDER.h5, or gram_<matrix>.npy beside the store.", valueName: "file"))
    var output: String?

    @Flag(help: "No progress; errors only.")
    var quiet = false

    func run() async throws {
        try await Failure.report {
            let observer = Terminal.error.observer(quiet: quiet)
            let rows = try Export(path, kind: matrix, format: format, to: output, observer: observer).execute()
            Terminal.error.endProgress()
            print(TextTable.render([["file", "array", "shape", "type"]] + rows))
        }
    }
}

extension Export.Format: ExpressibleByArgument {}
extension CovarianceKind: ExpressibleByArgument {}
