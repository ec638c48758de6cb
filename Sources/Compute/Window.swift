/// The window of a convolution or a pooling: its size, how it moves, and what it sees beyond the border.
///
/// Sizes and padding follow XLA: `same` makes ⌈n / stride⌉ outputs and pads by `max((out − 1) stride + size − n, 0)` in
/// all, half of it (rounded down) in front; `circular` pads by the same amounts, wrapping around.
package struct Window: Sendable, Hashable {
    package enum Padding: String, Sendable, CaseIterable {
        case same
        case valid
        case circular
    }

    package let height: Int
    package let width: Int
    package let strideY: Int
    package let strideX: Int
    package let padding: Padding

    package init(height: Int, width: Int, strideY: Int, strideX: Int, padding: Padding) {
        precondition(height > 0 && width > 0 && strideY > 0 && strideX > 0, "a window of \(height) × \(width)")
        self.height = height
        self.width = width
        self.strideY = strideY
        self.strideX = strideX
        self.padding = padding
    }

    /// Pixels in the window.
    package var count: Int { height * width }

    /// Outputs along one axis of `size` pixels; 0 or fewer where the window does not fit.
    package static func outputs(_ size: Int, window: Int, stride: Int, padding: Padding) -> Int {
        padding == .valid ? (size - window) / stride + (size >= window ? 1 : 0) : (size + stride - 1) / stride
    }

    /// Pixels of padding, in all and in front.
    package static func padding(
        _ size: Int, window: Int, stride: Int, padding: Padding
    ) -> (total: Int, front: Int) {
        guard padding != .valid else { return (0, 0) }
        let outputs = outputs(size, window: window, stride: stride, padding: padding)
        let total = max((outputs - 1) * stride + window - size, 0)
        return (total, total / 2)
    }

    package func outputHeight(_ height: Int) -> Int {
        Self.outputs(height, window: self.height, stride: strideY, padding: padding)
    }

    package func outputWidth(_ width: Int) -> Int {
        Self.outputs(width, window: self.width, stride: strideX, padding: padding)
    }

    package func paddingY(_ height: Int) -> (total: Int, front: Int) {
        Self.padding(height, window: self.height, stride: strideY, padding: padding)
    }

    package func paddingX(_ width: Int) -> (total: Int, front: Int) {
        Self.padding(width, window: self.width, stride: strideX, padding: padding)
    }
}
