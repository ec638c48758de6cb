import ArgumentParser
import Attacks
import Compute
import Datasets
import Experiments
import Foundation
import Inference
import Scheduling
import Storage

/// How errors end the program: one sentence on standard error, and the exit code that scripts rely on.
enum Failure {
    /// sysexits.h, and shell custom for ctrl-C.
    enum Code: Int32 {
        case runFailed = 1
        case usage = 64
        case noDevice = 69
        case data = 74
        case interrupted = 75
        case controlC = 130
    }

    static func code(for error: any Error) -> Code {
        switch error {
        case let error as RunError:
            switch error {
            case .interrupted: Interruption.isByTerminal ? .controlC : .interrupted
            case .memory: .usage
            }
        case SweepError.interrupted: Interruption.isByTerminal ? .controlC : .interrupted
        case is ConfigurationError, is UsageError, is ShardError: .usage
        case let error as DatasetError: error.isDataAtFault ? .data : .usage
        case let error as RunFolderError: error.kind == .taken ? .usage : .data
        case is StorageError: .data
        case SchedulingError.tileFailed(_, _, _, let underlying): code(for: underlying)
        case AttackError.usage, AttackError.outsideBox, InferenceError.usage: .usage
        case AttackError.compute(let error), InferenceError.outOfMemory(let error), InferenceError.device(let error):
            code(for: error)
        case InferenceError.storage(let error): code(for: error)
        case let error as ComputeError: error.kind == .deviceUnavailable ? .noDevice : .runFailed
        case is CancellationError: Interruption.isByTerminal ? .controlC : .interrupted
        default: .runFailed
        }
    }

    /// Runs a command's work and turns what it throws into a sentence and an exit code.
    static func report(_ work: () async throws -> Void) async throws {
        do {
            try await work()
        } catch let error where error is ExitCode || error is CleanExit || error is ValidationError {
            throw error
        } catch {
            for line in "\(error)".split(separator: "\n") { Terminal.error.write("ntk: \(line)") }
            throw ExitCode(code(for: error).rawValue)
        }
    }
}

/// A command line that asks for something that is not there.
struct UsageError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
