/// An array of numbers in host memory, row-major (C order).
///
/// For what fits comfortably in memory: data sets, predictions, gradients. Gram matrices are ``HostMatrix``.
public struct Tensor<Element: Sendable>: Sendable {
    /// Extent of each axis; empty for a single number.
    public let shape: [Int]
    /// The numbers, the last axis fastest; `shape.reduce(1, *)` of them.
    public var elements: [Element]

    /// - Precondition: `elements.count` is the product of `shape`.
    public init(shape: [Int], elements: [Element]) {
        precondition(
            elements.count == shape.reduce(1, *), "\(elements.count) numbers do not fill a tensor of shape \(shape)")
        self.shape = shape
        self.elements = elements
    }

    public init(shape: [Int], repeating value: Element) {
        self.shape = shape
        self.elements = Array(repeating: value, count: shape.reduce(1, *))
    }

    /// Extent of the first axis; 1 for a single number.
    public var count: Int { shape.first ?? 1 }

    /// Numbers per entry of the first axis.
    public var stride: Int { shape.dropFirst().reduce(1, *) }

    /// The entries `range` of the first axis.
    public subscript(range: Range<Int>) -> Tensor {
        Tensor(
            shape: [range.count] + shape.dropFirst(),
            elements: Array(elements[range.lowerBound * stride..<range.upperBound * stride]))
    }

    /// The same numbers under another shape of equal size.
    public func reshaped(_ shape: [Int]) -> Tensor { Tensor(shape: shape, elements: elements) }

    public func map<T: Sendable>(_ transform: (Element) throws -> T) rethrows -> Tensor<T> {
        Tensor<T>(shape: shape, elements: try elements.map(transform))
    }
}

extension Tensor: Equatable where Element: Equatable {}

extension Tensor {
    /// Some entries of the first axis, in the given order.
    package func rows(_ rows: some Collection<Int>) -> Tensor {
        var chosen: [Element] = []
        chosen.reserveCapacity(rows.count * stride)
        for row in rows { chosen += elements[row * stride..<(row + 1) * stride] }
        return Tensor(shape: [rows.count] + shape.dropFirst(), elements: chosen)
    }
}
