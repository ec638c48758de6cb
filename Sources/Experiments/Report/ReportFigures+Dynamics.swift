import Figures
import Foundation

/// The empirical NTK along training.
extension ReportFigures {
    /// One net with one seed whose kernels were taken.
    struct Course {
        /// In captions, and in the names of its arrays.
        let label: String
        let records: [ResultRecord]
        /// `epoch 3`, or `step 7` between epochs.
        var moments: [String] {
            records.map { record in
                let epoch = record.number("epoch") ?? 0
                return epoch == epoch.rounded() ? "epoch \(Int(epoch))" : "step \(record.text("step") ?? "")"
            }
        }
    }

    var courses: [Course] {
        let subjects = configuration.networkSubjects
        return subjects.compactMap { subject in
            let own = contents.records(.dynamics).filter {
                $0.text("network") == subject.name && $0.text("seed") == String(subject.seed)
            }
            return own.isEmpty ? nil : Course(label: subject.label, records: own)
        }
    }

    func dynamicsFigures() throws -> [Figure] {
        let courses = courses
        guard !courses.isEmpty else { return [] }
        return try [distanceFigure(courses), polarFigure(courses)].compactMap { $0 }
            + [rotationFigure(), normFigure(), concentrationFigure(), partFigure()].compactMap { $0 }
            + [matrixFigure(courses)].compactMap { $0 }
    }

    /// Where the kernels are taken.
    private var batches: String {
        guard let section = configuration.dynamics, let first = contents.records(.dynamics).first else { return "" }
        let points = first.text("points") ?? ""
        let batch =
            section.batch == .current ? "\(points) points of the batch that comes next" : "the first \(points) points"
        let inputs = section.inputs == .trained ? ", perturbed as in training" : ", clean"
        return " Empirical NTK at \(batch)\(inputs); size \(first.text("size") ?? "")."
    }

    private func distanceFigure(_ courses: [Course]) throws -> Figure? {
        let tables = try courses.compactMap { course in
            try contents.array("dynamics_distances_\(course.label)").map { (course, $0) }
        }
        let largest = tables.flatMap { $0.1.elements }.max() ?? 0
        guard !tables.isEmpty, largest > 0 else { return nil }
        let cells = tables.map { course, table in
            ImageGrid.Cell(
                PixelImage(
                    matrix: table.elements, height: table.count, width: table.count, range: 0...largest),
                notes: ["\(course.moments.first ?? "") to \(course.moments.last ?? "")"])
                as ImageGrid.Cell?
        }
        return figure(
            "kernel-distances", "Kernel distances between all moments of training",
            "d(A, B) = 1 − ⟨A, B⟩ / (‖A‖ ‖B‖) of the kernels at \(tables[0].1.count) moments, from the upper left corner "
                + "on; dark is 0, yellow \(Tick.short(largest))." + batches,
            ImageGrid(columns: tables.map { .init($0.0.label) }, rows: [""], cells: [cells], side: 190), ridges: [])
    }

    private func polarFigure(_ courses: [Course]) -> Figure? {
        let panels = courses.flatMap { course in
            [("", "whole"), ("top_", "top part")].map { prefix, title in
                PolarChart.Panel(
                    "\(course.label), \(title)",
                    zip(course.records, course.moments).compactMap { record, moment in
                        record.number("\(prefix)radius").flatMap { radius in
                            record.number("\(prefix)angle").map {
                                .init(radius: radius, angle: $0, name: moment)
                            }
                        }
                    })
            }
        }
        return figure(
            "kernel-polar", "The way of the kernel in polar coordinates",
            "Radius ‖Θ_t − Θ_0‖ / ‖Θ_f − Θ_0‖, angle between Θ_t and Θ_0; the whole kernel, and the part of its "
                + "\(configuration.dynamics?.top ?? 0) largest eigenvalues." + batches,
            PolarChart(radius: "Radius", panels: panels), ridges: [])
    }

    /// Curves of every net, mean over seeds.
    private func curves(
        _ keys: [(key: String, isDashed: Bool)], factor: Double = 1
    ) -> [LineChart.Series] {
        let records = contents.records(.dynamics)
        return records.compactMap { $0.text("network") }.distinct().enumerated().flatMap { place, name in
            keys.map {
                LineChart.Series(
                    name, colour: place, isDashed: $0.isDashed, Self.course(records, name, $0.key, factor: factor))
            }
        }.filter { !$0.points.isEmpty }
    }

    private func curveFigure(
        _ name: String, _ title: String, _ text: String, y: Axis, _ series: [LineChart.Series],
        meaning: (solid: String, dashed: String)? = nil
    ) -> Figure? {
        guard !series.isEmpty else { return nil }
        return figure(
            name, title, text + Self.bands(contents.records(.dynamics)) + batches,
            LineChart(
                x: Axis("Epoch"), y: y, panels: [.init("", series)], hasBands: true, meaning: meaning), ridges: [])
    }

    private func rotationFigure() -> Figure? {
        curveFigure(
            "kernel-rotation", "Rotation of the kernel",
            "Kernel distance to the kernel before training: of the whole "
                + "kernel, and of the part of its \(configuration.dynamics?.top ?? 0) largest eigenvalues.",
            y: Axis("Kernel distance to Θ₀"), curves([("distance", false), ("top_distance", true)]),
            meaning: ("whole", "top part"))
    }

    private func normFigure() -> Figure? {
        curveFigure(
            "kernel-norm", "Size of the kernel", "Frobenius norm of the empirical NTK.",
            y: Axis("‖Θ‖ (Frobenius)", .log), curves([("norm", false)]))
    }

    private func concentrationFigure() -> Figure? {
        guard let section = configuration.dynamics,
            let p = section.concentration.min(by: {
                abs($0 - section.top) < abs($1 - section.top)
            })
        else { return nil }
        return curveFigure(
            "kernel-concentration", "Concentration of the kernel",
            "Share of the \(p) largest eigenvalues in the squared norm.", y: Axis("Top-\(p) concentration (%)"),
            curves([("concentration_\(p)", false)], factor: 100))
    }

    private func partFigure() -> Figure? {
        curveFigure(
            "kernel-bottom", "Rotation of the rest of the kernel",
            "Kernel distance to that before training, of what is left without the largest eigenvalues.",
            y: Axis("Kernel distance to Θ₀, bottom part"), curves([("bottom_distance", false)]))
    }

    /// Mean over equal outputs, points ordered by class, before and after training.
    private func matrixFigure(_ courses: [Course]) throws -> Figure? {
        var rows: [(label: String, cells: [ImageGrid.Cell?])] = []
        for course in courses {
            guard let kernels = try contents.array("empirical_ntk_\(course.label)"), kernels.shape.count == 3,
                let labels = try contents.array("dynamics_labels_\(course.label)")
            else { continue }
            let cells = [0, kernels.count - 1].map { place -> ImageGrid.Cell? in
                let count = kernels.shape[1]
                let classes = labels[place..<place + 1].elements
                let order = (0..<count).sorted { (classes[$0], $0) < (classes[$1], $1) }
                let kernel = kernels[place..<place + 1].elements
                let values = order.flatMap { i in order.map { kernel[i * count + $0] } }
                let sorted = values.sorted()
                // A few large entries would leave all others dark.
                let (low, high) = (sorted[sorted.count / 100], sorted[sorted.count - 1 - sorted.count / 100])
                return ImageGrid.Cell(
                    PixelImage(matrix: values, height: count, width: count, range: low...max(low, high)),
                    notes: [course.moments[place], "\(Tick.short(low)) to \(Tick.short(high))"])
            }
            rows.append((course.label, cells))
        }
        guard !rows.isEmpty else { return nil }
        return figure(
            "kernel-matrices", "Kernel matrices before and after training",
            "Mean over equal outputs, points ordered by class; each from its 1st (dark) to its 99th (yellow) percentile, "
                + "which stand below." + batches,
            ImageGrid(
                columns: [.init("Before"), .init("After")], rows: rows.map(\.label), cells: rows.map(\.cells),
                side: 230), ridges: [])
    }
}
