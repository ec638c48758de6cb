import Compute
import Figures
import Storage

extension ReportFigures {
    /// The first test images, what an attack adds, and what comes out, with the predicted classes.
    func adversarialFigure() throws -> Figure? {
        guard let clean = try ImageStack(contents.array("test_inputs", rows: 5)) else { return nil }
        let suffix = arraySuffix
        var columns: [ImageGrid.Column] = [.init("Image")]
        let photographs = photographs(clean)
        let predictions = try contents.array("predictions_\(suffix)", rows: clean.count)
        var cells: [[ImageGrid.Cell?]] = photographs.indices.map {
            [ImageGrid.Cell(photographs[$0], notes: prediction(predictions, $0))]
        }
        for attack in shownAttacks(2) {
            let name = "\(attack.label)_\(attack.norm)_eps\(attack.index)_\(suffix)"
            guard let moved = try ImageStack(contents.array("adversarial_\(name)", rows: clean.count)) else { continue }
            let outputs = try contents.array("adversarial_predictions_\(name)", rows: clean.count)
            columns.append(
                .init(
                    "\(Self.attackName(attack.label)), ε = \(ResultsTable.radius(attack.eps))",
                    sign: columns.count == 1 ? "+" : ""))
            columns.append(.init("Adversarial", sign: "="))
            let range = configuration.data.scale == .unit ? 0...1 : clean.range
            for image in 0..<min(clean.count, moved.count) {
                let step = zip(moved[image], clean[image]).map { $0 - $1 }
                cells[image].append(signed(step, clean.shape))
                let picture = PixelImage(values: moved[image], shape: clean.shape, range: range)
                cells[image].append(ImageGrid.Cell(picture, notes: prediction(outputs, image)))
            }
        }
        guard columns.count > 1 else { return nil }
        return figure(
            "adversarial-examples", "Adversarial examples",
            "The first test images, the perturbation that an attack finds, with the end of its scale below it, and their "
                + "sum; below images the predicted class. \(reading(clean.shape[2])).",
            ImageGrid(columns: columns, rows: photographs.indices.map { "Image \($0)" }, cells: cells),
            net: configuration.model.headline)
    }

    struct ShownAttack {
        let label: String
        let norm: String
        let index: Int
        let eps: Double
    }

    /// The first attacks that moved anything, at their largest radius.
    func shownAttacks(_ count: Int) -> [ShownAttack] {
        let all = configuration.attacks.enumerated().compactMap { place, section -> ShownAttack? in
            guard let index = section.eps.indices.max(by: { section.eps[$0] < section.eps[$1] }),
                section.eps[index] > 0
            else { return nil }
            return ShownAttack(
                label: configuration.attackLabel(place), norm: section.norm.rawValue, index: index,
                eps: section.eps[index])
        }
        return Array(all.prefix(count))
    }

    /// Of the arrays of the longest training time and the first ridge.
    var arraySuffix: String {
        let section = configuration.inference
        let setting = TrainingSetting(
            diagReg: section.diagReg[0], place: section.diagReg.count > 1 ? 0 : nil,
            time: section.time.max() ?? .infinity)
        return setting.suffix
    }

    private func prediction(_ outputs: Tensor<Double>?, _ point: Int) -> [String] {
        guard let outputs, point < outputs.count else { return [] }
        let k = outputs.stride
        return [contents.predictedClass(outputs.elements[point * k..<(point + 1) * k])]
    }
}
