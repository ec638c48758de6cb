import Compute
import Figures
import Storage

extension ReportFigures {
    /// What attacks add in the mean: over all test points, and over those of each class.
    func perturbationFigure() throws -> Figure? {
        guard let clean = try contents.array("test_inputs") else { return nil }
        var rows: [String] = []
        var cells: [[ImageGrid.Cell?]] = []
        var classes = 0
        var shape: [Int] = []
        for attack in shownAttacks(5) {
            let name = "\(attack.label)_\(attack.norm)_eps\(attack.index)_\(arraySuffix)"
            guard let means = try ImageStack(contents.array("mean_perturbations_\(name)")),
                let moved = try contents.array("adversarial_\(name)"), moved.shape == clean.shape
            else { continue }
            (classes, shape) = (means.count, means.shape)
            rows.append(
                "\(Self.attackName(attack.label))\nε = \(ResultsTable.radius(attack.eps)), \(Self.normName(attack.norm))"
            )
            cells.append(
                [signed(mean(moved, minus: clean), shape)] + (0..<classes).map { signed(means[$0], shape) })
        }
        guard !rows.isEmpty else { return nil }
        return figure(
            "mean-perturbations", "Mean perturbations",
            "The mean of what each attack adds, over all test points and over those of each class. One perturbation for all "
                + "points differs between classes only where the box stops it. Each picture has its own scale, whose end "
                + "stands below it. \(reading(shape[2])).",
            ImageGrid(
                columns: [.init("All points")] + (0..<classes).map { .init(contents.className($0)) }, rows: rows,
                cells: cells, side: classes > 4 ? 60 : 92),
            net: configuration.model.headline)
    }

    private func mean(_ moved: Tensor<Double>, minus clean: Tensor<Double>) -> [Double] {
        var sum = [Double](repeating: 0, count: clean.stride)
        for (index, value) in moved.elements.enumerated() {
            sum[index % sum.count] += (value - clean.elements[index]) / Double(clean.count)
        }
        return sum
    }
}
