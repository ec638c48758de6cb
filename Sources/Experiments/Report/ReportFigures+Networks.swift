import Figures

/// Finite nets: accuracies along training, and beside the infinitely wide net.
extension ReportFigures {
    func networkFigures() throws -> [Figure] {
        [trainingFigure(), cosineFigure(), kernelAttackFigure()].compactMap { $0 } + (try dynamicsFigures())
    }

    /// Items of `networks` in the order of their records.
    private func names(_ records: [ResultRecord]) -> [String] { records.compactMap { $0.text("network") }.distinct() }

    /// The mean over the seeds of a net at each epoch, with the standard deviation where there are several.
    /// - Parameter factor: 100 for percents.
    static func course(
        _ records: [ResultRecord], _ network: String, _ key: String, factor: Double = 1
    ) -> [LineChart.Point] {
        let own = records.filter { $0.text("network") == network }
        return own.compactMap { $0.number("epoch") }.distinct().sorted().compactMap { epoch in
            let values = own.filter { $0.number("epoch") == epoch }.compactMap { $0.number(key) }
            guard !values.isEmpty else { return nil }
            let mean = values.reduce(0, +) / Double(values.count)
            let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            let deviation = values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : nil
            return LineChart.Point(epoch, factor * mean, error: deviation.map { factor * $0 })
        }
    }

    /// ` Bands are …` where nets have several seeds.
    static func bands(_ records: [ResultRecord]) -> String {
        let seeds = records.compactMap { $0.text("seed") }.distinct().count
        return seeds > 1 ? " Means of \(seeds) seeds; bands are their standard deviation." : ""
    }

    /// Solid: clean; dashed: under attack, one panel for each split.
    private func trainingFigure() -> Figure? {
        let records = contents.records(.epoch)
        func panel(_ title: String, _ split: String) -> LineChart.Panel {
            LineChart.Panel(
                title,
                names(records).enumerated().flatMap { place, name in
                    [("accuracy", false), ("robust_accuracy", true)].map { key, isDashed in
                        LineChart.Series(
                            name, colour: place, isDashed: isDashed,
                            Self.course(records, name, "\(split)_\(key)", factor: 100))
                    }
                }.filter { !$0.points.isEmpty })
        }
        let panels = [panel("Training points", "train"), panel("Test points", "test")].filter { !$0.series.isEmpty }
        guard !panels.isEmpty else { return nil }
        return figure(
            "training", "Accuracy of the nets along training",
            "Accuracy at the first points of each split; robust accuracy where an attack is part of the evaluation."
                + Self.bands(records),
            LineChart(
                x: Axis("Epoch"), y: .percent("Accuracy"), panels: panels, hasMarks: false, hasBands: true,
                meaning: ("clean", "under attack")), ridges: [])
    }

    private func cosineFigure() -> Figure? {
        let records = contents.records(.comparison)
        guard let first = records.first else { return nil }
        let series = names(records).enumerated().map { place, name in
            LineChart.Series(name, colour: place, Self.course(records, name, "mean_cosine"))
        }
        return figure(
            "kernel-cosine", "Loss gradients of nets and of their kernel along training",
            "Cosine of the loss gradients of a finite net and of the infinitely wide net of the same layers at the same "
                + "time of gradient descent, mean over \(first.text("count") ?? "") test points." + Self.bands(records),
            LineChart(
                x: Axis("Epoch"), y: Axis("Cosine similarity", domain: 0...1), panels: [.init("", series)],
                hasBands: true), ridges: [])
    }

    /// One panel for each net.
    private func kernelAttackFigure() -> Figure? {
        let records = contents.records(.comparison)
        guard let first = records.first else { return nil }
        let curves = [
            ("Net, clean", "network_accuracy", 0, false), ("Net, own attack", "network_robust_accuracy", 1, false),
            ("Net, attack on the kernel", "network_accuracy_under_kernel_attack", 1, true),
            ("Kernel, own attack", "kernel_robust_accuracy", 2, true),
        ]
        let panels = names(records).map { name in
            LineChart.Panel(
                name,
                curves.map { title, key, colour, isDashed in
                    LineChart.Series(
                        title, colour: colour, isDashed: isDashed,
                        Self.course(records, name, key, factor: 100))
                })
        }
        let attack = first.text("attack").map(Self.attackName) ?? ""
        let eps = first.number("eps").map(ResultsTable.radius) ?? ""
        return figure(
            "kernel-attack", "Nets under their own attack and under that on their kernel",
            "Accuracy at \(first.text("count") ?? "") test points; \(attack), ε = \(eps), on the net itself and on the "
                + "infinitely wide net at the same time of gradient descent." + Self.bands(records),
            LineChart(
                x: Axis("Epoch"), y: .percent("Accuracy"), panels: panels, hasMarks: false, hasBands: true), ridges: [])
    }
}
