import Kernels

/// The embedded text of `Kernels/`.
enum KernelText {
    /// Paths of all files, e.g. `Attack/sign_step.cl`.
    static var paths: [String] {
        (0..<ntk_kernel_count()).compactMap { ntk_kernel_path($0).map { String(cString: $0) } }
    }

    /// - Parameter path: relative to `Kernels/`.
    /// - Precondition: the file is in the table of `Kernels/kernels.c`.
    static func text(of path: String) -> String {
        guard let text = ntk_kernel_text(path) else {
            preconditionFailure("Kernels/kernels.c does not embed \(path)")
        }
        return String(cString: text)
    }
}
