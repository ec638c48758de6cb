/// An elementwise or small operation on buffers, named like its kernel text: `Attack/sign_step` runs the entry
/// point `sign_step` of `Kernels/Attack/sign_step.cl` on every backend, unless another entry point is named.
///
/// The argument list is declared once, by the static function that makes the operation; backends bind it in order
/// and check its length against the compiled kernel.
package struct Operation: Sendable {
    package enum Argument: Sendable {
        case buffer(Buffer)
        /// A number in the operation's precision.
        case real(Double)
        /// A 64-bit size or offset.
        case size(Int)
    }

    /// Path of the kernel text without `.cl`.
    package let kernel: String
    package let precision: Precision
    package let arguments: [Argument]
    /// Work-items, one axis.
    package let range: Int
    /// Name of the entry point; by default the last part of the path.
    package let entryPoint: String
    /// Texts that the kernel's own builds on, e.g. `Network/window`.
    package let foundations: [String]
    /// Numbers that one work-item handles, roughly: backends cut the range by it.
    package let weight: Int

    package init(
        kernel: String, entryPoint: String? = nil, foundations: [String] = [], precision: Precision,
        arguments: [Argument], range: Int, weight: Int = 1
    ) {
        self.kernel = kernel
        self.entryPoint = entryPoint ?? String(kernel[kernel.index(after: kernel.lastIndex(of: "/")!)...])
        self.foundations = foundations
        self.precision = precision
        self.arguments = arguments
        self.range = range
        self.weight = weight
    }
}
