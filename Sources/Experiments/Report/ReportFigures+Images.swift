import Compute
import Figures
import Storage

/// Pictures: feature gradients, parts of a perturbation, adversarial examples.
extension ReportFigures {
    func imageFigures() throws -> [Figure] {
        try [gradientFigure(), partsFigure(), nonRobustFigure(), adversarialFigure(), perturbationFigure()].compactMap {
            $0
        }
    }

    /// How signed pictures are to be read.
    func reading(_ channels: Int) -> String {
        channels == 1
            ? "Blue is negative, white zero, red positive"
            : "Mid-grey is zero; a colour channel is lighter where it is positive, darker where it is negative"
    }

    /// The first images, as the data set has them.
    func photographs(_ images: ImageStack) -> [PixelImage] {
        let range = configuration.data.scale == .unit ? 0...1 : images.range
        return (0..<images.count).map { PixelImage(values: images[$0], shape: images.shape, range: range) }
    }

    /// A picture whose largest number has the darkest colour, with that number below it.
    func signed(_ values: [Double], _ shape: [Int], notes: [String] = []) -> ImageGrid.Cell {
        let scale = values.reduce(0) { max($0, abs($1)) }
        return ImageGrid.Cell(
            PixelImage(signed: values, shape: shape, scale: scale), notes: ["±" + Tick.short(scale)] + notes)
    }

    /// Gradients of the first features: of one image in all nets, or of all images in the only net.
    private func gradientFigure() throws -> Figure? {
        guard let images = try ImageStack(contents.array("feature_images")), images.count > 0 else { return nil }
        var stacks: [(name: String, gradients: ImageStack)] = []
        for architecture in architectures {
            let array = try contents.array("feature_gradients" + suffix(architecture), rows: 5)
            if let gradients = ImageStack(array, axes: 2) { stacks.append((architecture, gradients)) }
        }
        guard let first = stacks.first else { return nil }
        let features = min(5, stacks.map(\.gradients.count).min() ?? 0)
        let photographs = photographs(images)
        let rows = (0..<features).map { "Feature \($0)" }
        let ends = "each on its own scale, whose end stands below it. \(reading(images.shape[2]))."
        if stacks.count == 1 {
            let shown = min(5, images.count)
            let top = (0..<shown).map { ImageGrid.Cell(photographs[$0]) as ImageGrid.Cell? }
            let cells = (0..<features).map { feature in
                (0..<shown).map { signed(first.gradients[feature, $0], images.shape) as ImageGrid.Cell? }
            }
            return figure(
                "feature-gradients", "Gradients of the first features",
                "Input gradient of the features of the largest eigenvalues at the first test images, for several classes "
                    + "of the output of the image's own, " + ends,
                ImageGrid(
                    columns: (0..<shown).map { .init("Image \($0)") }, rows: ["Image"] + rows, cells: [top] + cells),
                net: onlyNet)
        }
        let cells = (0..<features).map { feature -> [ImageGrid.Cell?] in
            [feature == 0 ? ImageGrid.Cell(photographs[0]) : nil]
                + stacks.map { signed($0.gradients[feature, 0], images.shape) }
        }
        return figure(
            "feature-gradients", "Gradients of the first features in different nets",
            "Input gradient of the features of the largest eigenvalues at the first test image, for several classes of "
                + "the output of the image's own, " + ends,
            ImageGrid(
                columns: [.init("Image")] + stacks.map { .init($0.name) }, rows: rows, cells: cells))
    }

    /// The gradient of the loss as the sum of the parts of single features.
    private func partsFigure() throws -> Figure? {
        guard let images = try ImageStack(contents.array("feature_images")),
            let gradients = try ImageStack(contents.array("loss_gradients")),
            let parts = try ImageStack(contents.array("loss_gradient_parts"), axes: 2)
        else { return nil }
        let steps = try ImageStack(contents.array("adversarial_steps"))
        let photographs = photographs(images)
        let shown = min(3, images.count)
        let groups = partGroups(of: parts.count)
        let radius = ResultsTable.radius(configuration.features?.eps.first ?? 0)
        let cells = (0..<shown).map { image -> [ImageGrid.Cell?] in
            let whole = gradients[image]
            var rest = whole
            func share(_ part: [Double]) -> ImageGrid.Cell? {
                signed(part, images.shape, notes: [Self.share(Self.norm(part), Self.norm(whole))])
            }
            let sums = groups.map { group -> ImageGrid.Cell? in
                var sum = [Double](repeating: 0, count: whole.count)
                for feature in group {
                    for (index, value) in parts[feature, image].enumerated() { sum[index] += value }
                }
                for index in rest.indices { rest[index] -= sum[index] }
                return share(sum)
            }
            let head = [ImageGrid.Cell(photographs[image]), steps.map { signed($0[image], images.shape) }]
            return head + [signed(whole, images.shape)] + sums + [share(rest)]
        }
        let names = groups.map { $0.count == 1 ? "Feature \($0[0])" : "\($0[0]) to \($0[$0.count - 1])" }
        let others = contents.trainCount.map { ($0 - groups.flatMap { $0 }.count).grouped + " others" } ?? "The others"
        let columns: [ImageGrid.Column] =
            [.init("Image"), .init("FGSM step"), .init("Loss gradient")]
            + names.enumerated().map { .init($1, sign: $0 == 0 ? "=" : "+") } + [.init(others, sign: "+")]
        return figure(
            "perturbation-parts", "A perturbation as a sum of the parts of single features",
            "FGSM at the first ε, \(radius), follows the sign of the loss gradient, which is the sum of one part for each "
                + "feature. Each picture has its own scale, whose end stands below it, with the length of the part as a "
                + "share of the gradient's. "
                + "\(reading(images.shape[2])).",
            ImageGrid(columns: columns, rows: (0..<shown).map { "Image \($0)" }, cells: cells, side: 84),
            net: configuration.model.headline)
    }

    /// Of the first features those that are shown alone, and behind them all others that there are parts of.
    private func partGroups(of available: Int) -> [[Int]] {
        let count = min(configuration.features?.count ?? available, available)
        let single = (0..<(count > 4 ? 3 : count)).map { [$0] }
        return count > 4 ? single + [Array(3..<count)] : single
    }

    static func norm(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }

    static func share(_ part: Double, _ whole: Double) -> String {
        whole > 0 ? Tick.short(100 * part / whole) + " %" : "-"
    }

    /// Useful features that are not robust: the first and the last of those that were looked at.
    private func nonRobustFigure() throws -> Figure? {
        guard let setting = attackSettings(contents.records(.feature)).first, let net = architectures.first,
            let images = try ImageStack(contents.array("feature_images")),
            let gradients = try ImageStack(contents.array("feature_gradients" + suffix(net)), axes: 2),
            let indices = try contents.array("feature_indices" + suffix(net))?.elements.map({ Int($0) })
        else { return nil }
        let records = contents.records(.feature).filter {
            $0.text("architecture") == net && setting.matches($0) && $0["is_useful"] == .boolean(true)
                && $0["is_robust"] == .boolean(false)
        }
        let all = records.compactMap { record in record.number("feature").map { (Int($0), record) } }
            .sorted { $0.0 < $1.0 }
        let chosen = all.count <= 6 ? all : Array(all.prefix(3) + all.suffix(3))
        let places = chosen.compactMap { index, record in indices.firstIndex(of: index).map { (index, $0, record) } }
        guard !places.isEmpty else { return nil }
        let photographs = photographs(images)
        let shown = min(3, images.count)
        let cells = (0..<shown).map { image -> [ImageGrid.Cell?] in
            [ImageGrid.Cell(photographs[image])] + places.map { signed(gradients[$0.1, image], images.shape) }
        }
        let columns = places.map { index, _, record -> ImageGrid.Column in
            let (clean, robust) = (record.number("clean_accuracy"), record.number("robust_accuracy"))
            let shares = [clean, robust].compactMap { $0.map { Tick.short(100 * $0) } }.joined(separator: " → ")
            return .init("Feature \(index)" + (shares.isEmpty ? "" : "\n\(shares) %"))
        }
        return figure(
            "non-robust-features", "Useful features that are not robust, early and late in the spectrum",
            "Input gradients of features that are useful and not robust: \(places.count) of \(all.count), the "
                + "first and the last. Above each its accuracy, clean → under \(setting.name). Each picture has its own "
                + "scale, whose end stands below it. \(reading(images.shape[2])).",
            ImageGrid(columns: [.init("Image")] + columns, rows: (0..<shown).map { "Image \($0)" }, cells: cells),
            net: configuration.model.headline)
    }
}

/// Images, or a table of them, read from an array.
struct ImageStack {
    /// [H, W, C].
    let shape: [Int]
    /// Extent of the first axis.
    let count: Int
    private let second: Int
    private let elements: [Double]

    /// - Parameter axes: in front of those of an image, 1 or 2.
    /// - Returns: nil where the array is absent or holds no images of one or three channels.
    init?(_ array: Tensor<Double>?, axes: Int = 1) {
        guard let array, array.shape.count == axes + 3, [1, 3].contains(array.shape[axes + 2]), array.shape[0] > 0
        else { return nil }
        shape = Array(array.shape.suffix(3))
        count = array.shape[0]
        second = axes == 2 ? array.shape[1] : 1
        elements = array.elements
    }

    private var size: Int { shape.reduce(1, *) }

    subscript(index: Int) -> [Double] { self[index, 0] }

    subscript(index: Int, image: Int) -> [Double] {
        let start = (index * second + image) * size
        return Array(elements[start..<start + size])
    }

    /// Smallest and largest number.
    var range: ClosedRange<Double> { (elements.min() ?? 0)...(elements.max() ?? 1) }
}
