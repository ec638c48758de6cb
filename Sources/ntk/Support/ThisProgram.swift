import Foundation

/// The running `ntk`, for the processes and jobs that it starts.
enum ThisProgram {
    static func path() throws -> String {
        guard let path = Bundle.main.executablePath else { throw UsageError("the program does not know where it is") }
        return path
    }
}
