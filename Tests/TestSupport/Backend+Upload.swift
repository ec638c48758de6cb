import Compute

extension Backend {
    /// Sends numbers of either precision, unchanged where it is the wanted one.
    package func upload<T: Real>(_ elements: [T], as precision: Precision) throws(ComputeError) -> Buffer {
        var doubles: [Double] = []
        for element in elements { doubles.append(Double(element)) }
        return try upload(doubles, as: precision)
    }
}
