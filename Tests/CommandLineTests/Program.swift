import Foundation
import StorageTestSupport
import Testing

/// The built `ntk` executable, as scripts see it.
struct Program {
    /// What a finished process leaves.
    struct Result {
        let code: Int32
        let output: String
        let error: String
        /// The signal that ended it, if one did.
        let signal: Int32?
    }

    let folder: TemporaryFolder
    /// Beside those that every call gets.
    var environment: [String: String] = [:]

    /// The test bundle stands beside the executable.
    private static let path: String = {
        let bundle = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        return bundle.deletingLastPathComponent().appendingPathComponent("ntk").path
    }()

    init(_ folder: TemporaryFolder) { self.folder = folder }

    /// Runs `ntk` in the folder and waits for its end.
    func callAsFunction(_ arguments: String...) throws -> Result { try run(Self.path, arguments) }

    func callAsFunction(_ arguments: [String]) throws -> Result { try run(Self.path, arguments) }

    /// Runs `ntk` in a shell, behind commands such as `ulimit`.
    func inShell(after preparation: String, _ arguments: [String]) throws -> Result {
        try run("/bin/sh", ["-c", preparation + "; exec \"$@\"", "sh", Self.path] + arguments)
    }

    /// Starts `ntk`, does something to it and waits for its end.
    func run(
        _ path: String? = nil, _ arguments: [String], meanwhile: (Process) throws -> Void = { _ in }
    ) throws -> Result {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path ?? Self.path)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        // Nothing of the machine's: no data sets, no caches.
        let inherited = ProcessInfo.processInfo.environment.filter { $0.key == "PATH" || $0.key.hasPrefix("OPENBLAS") }
        process.environment = inherited.merging([
            "HOME": folder("home"), "XDG_DATA_HOME": folder("home/data"), "XDG_CACHE_HOME": folder("home/cache"),
        ]) { $1 }.merging(environment) { $1 }
        let (output, error) = (Pipe(), Pipe())
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = error
        try process.run()
        try meanwhile(process)
        let written = output.fileHandleForReading.readDataToEndOfFile()
        let complained = error.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Result(
            code: process.terminationStatus, output: String(decoding: written, as: UTF8.self),
            error: String(decoding: complained, as: UTF8.self),
            signal: process.terminationReason == .uncaughtSignal ? process.terminationStatus : nil)
    }
}

extension Program.Result {
    /// Lines of standard error.
    var complaints: [String] { error.split(separator: "\n").map(String.init) }
}
