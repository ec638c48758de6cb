import CPUKernels
import Compute

extension CPUBackend {
    package func run(_ operation: Operation) throws(ComputeError) {
        var arguments = Arguments(operation)
        switch operation.kernel {
        case "Attack/sign_step":
            operation.precision == .float32
                ? signStep(&arguments, ntk_sign_step_float32) : signStep(&arguments, ntk_sign_step_float64)
        default: runByName(operation)
        }
    }

    /// Operations whose drivers take their arguments as a list.
    private func runByName(_ operation: Operation) {
        let driver =
            operation.precision == .float32
            ? ntk_find_operation_float32(operation.entryPoint) : ntk_find_operation_float64(operation.entryPoint)
        guard let driver else { preconditionFailure("the CPU backend has no operation '\(operation.entryPoint)'") }
        let arguments = operation.arguments.map { argument -> ntk_argument in
            switch argument {
            case .buffer(let buffer): ntk_argument(buffer: UnsafeMutableRawPointer(buffer.pointer(UInt8.self)))
            case .real(let value): ntk_argument(real: value)
            case .size(let value): ntk_argument(size: value)
            }
        }
        let parts = Self.parts(operation.range, of: max(1, (1 << 14) / operation.weight))
        arguments.withUnsafeBufferPointer { arguments in
            parallel(parts.count) { part in
                driver(arguments.baseAddress!, parts[part].lowerBound, parts[part].upperBound)
            }
        }
    }

    private func signStep<T: CPUReal>(
        _ arguments: inout Arguments,
        _ step: (
            UnsafeMutablePointer<T>, UnsafePointer<T>, UnsafePointer<T>, T, T, T, T, Int, Int
        ) -> Void
    ) {
        let point: UnsafeMutablePointer<T> = arguments.buffer()
        let origin: UnsafeMutablePointer<T> = arguments.buffer()
        let gradient: UnsafeMutablePointer<T> = arguments.buffer()
        let alpha = T(arguments.real())
        let eps = T(arguments.real())
        let lower = T(arguments.real())
        let upper = T(arguments.real())
        let parts = Self.parts(arguments.size(), of: 1 << 14)
        parallel(parts.count) { part in
            let range = parts[part]
            step(
                point, origin, gradient, alpha, eps, lower, upper, range.lowerBound, range.upperBound)
        }
    }
}

/// An operation's arguments, taken in order.
private struct Arguments {
    private var rest: ArraySlice<Operation.Argument>
    private let kernel: String

    init(_ operation: Operation) {
        rest = operation.arguments[...]
        kernel = operation.kernel
    }

    mutating func buffer<T>() -> UnsafeMutablePointer<T> {
        guard case .buffer(let buffer) = rest.popFirst() else { preconditionFailure("\(kernel): expected a buffer") }
        return buffer.pointer()
    }

    mutating func real() -> Double {
        guard case .real(let value) = rest.popFirst() else { preconditionFailure("\(kernel): expected a number") }
        return value
    }

    mutating func size() -> Int {
        guard case .size(let value) = rest.popFirst() else { preconditionFailure("\(kernel): expected a size") }
        return value
    }
}
