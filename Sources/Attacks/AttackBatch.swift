import Compute

/// Points that are attacked together.
package struct AttackBatch: Sendable {
    /// [m, …] with d numbers per point.
    package let points: Tensor<Double>
    /// True classes, [m]; nil where there are none.
    package let labels: [Int]?
    /// Position of each point in the whole set: what is random belongs to points, not to batches.
    package let indices: [Int]

    package init(points: Tensor<Double>, labels: [Int]?, firstIndex: Int = 0) {
        self.init(points: points, labels: labels, indices: Array(firstIndex..<firstIndex + points.count))
    }

    private init(points: Tensor<Double>, labels: [Int]?, indices: [Int]) {
        precondition(labels.map { $0.count == points.count } ?? true, "\(points.count) points need as many labels")
        self.points = points
        self.labels = labels
        self.indices = indices
    }

    /// Some points of the batch.
    func subset(_ rows: [Int]) -> AttackBatch {
        AttackBatch(
            points: points.rows(rows), labels: labels.map { labels in rows.map { labels[$0] } },
            indices: rows.map { indices[$0] })
    }
}

extension AttackBatch {
    /// Refuses points that are not finite or lie outside the box.
    func check(_ numbers: [Double], _ box: ClosedRange<Double>?) throws(AttackError) {
        for (index, number) in numbers.enumerated() {
            let point = indices[index / points.stride]
            guard number.isFinite else { throw .usage("point \(point) holds \(number): an attack needs finite inputs") }
            if let box, !box.contains(number) { throw .outsideBox(point: point, value: number, box: box) }
        }
    }
}

extension Tensor {
    /// Replaces entries of the first axis.
    mutating func replace(_ rows: [Int], with other: Tensor) {
        precondition(other.count == rows.count && other.stride == stride, "\(other.shape) for \(rows.count) rows")
        for (place, row) in rows.enumerated() {
            elements.replaceSubrange(
                row * stride..<(row + 1) * stride, with: other.elements[place * stride..<(place + 1) * stride])
        }
    }
}
