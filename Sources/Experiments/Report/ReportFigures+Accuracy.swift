import Figures

/// Accuracy and robust accuracy of the predictor itself, against ε, time and ridge.
extension ReportFigures {
    func accuracyFigures() throws -> [Figure] {
        let records = contents.records(nil).filter { $0.text("network") == nil }
        return epsFigures(records) + [timeFigure(records), ridgeFigure(records)].compactMap { $0 }
    }

    /// The setting that is shown where one has to do: fully trained, or the longest time; the first ridge.
    static func shownSetting(_ records: [ResultRecord]) -> (time: Double?, ridge: Double?) {
        (records.compactMap { $0.number("time") }.max(), records.lazy.compactMap { $0.number("diag_reg") }.first)
    }

    private func epsFigures(_ records: [ResultRecord]) -> [Figure] {
        let (time, ridge) = Self.shownSetting(records)
        let attacked = records.filter {
            $0.text("attack") != nil && $0.number("robust_accuracy") != nil && $0.number("time") == time
                && $0.number("diag_reg") == ridge
        }
        let norms = attacked.compactMap { $0.text("norm") }.distinct()
        return norms.compactMap { norm in
            epsFigure(
                attacked.filter { $0.text("norm") == norm }, norm, isOnly: norms.count == 1,
                time: time.map { $0.isInfinite ? "∞" : "t = " + PlainValue.format($0) } ?? "∞")
        }
    }

    private func epsFigure(_ records: [ResultRecord], _ norm: String, isOnly: Bool, time: String) -> Figure? {
        let radii = records.compactMap { $0.number("eps") }
        guard let largest = radii.max(), largest > 0 else { return nil }
        let inLevels = radii.allSatisfy { abs($0 * 255 - ($0 * 255).rounded()) < 1e-5 }
        let factor = inLevels ? 255.0 : 1
        let attacks = records.compactMap { $0.text("attack") }.distinct()
        let series = attacks.enumerated().map { place, attack in
            let own = records.filter { $0.text("attack") == attack }
            var points = own.compactMap { record in
                record.number("eps").flatMap { eps in
                    record.number("robust_accuracy").map { Self.point(eps * factor, $0, record.number("count")) }
                }
            }
            // Without perturbation the accuracy is the clean one.
            if !own.contains(where: { $0.number("eps") == 0 }), let clean = own.first?.number("clean_accuracy") {
                points.append(Self.point(0, clean, own.first?.number("count")))
            }
            return LineChart.Series(
                Self.attackName(attack) + steps(attack), colour: place, points)
        }
        let title = "Radius ε in \(Self.normName(norm))" + (inLevels ? " (1/255)" : "")
        return figure(
            isOnly ? "robust-accuracy" : "robust-accuracy-\(norm)", "Robust accuracy against the radius of the attack",
            "Accuracy at the test points that each attack perturbs by at most ε in \(Self.normName(norm)); at ε = 0 "
                + "the clean accuracy; training time \(time).\(Self.coincidences(series)) \(Self.errors)",
            LineChart(
                x: Axis(title, domain: 0...largest * factor), y: .percent("Accuracy"), panels: [.init("", series)]),
            net: configuration.model.headline)
    }

    /// Names the lines that hide others: no two points are further apart than half a percent.
    private static func coincidences(_ series: [LineChart.Series]) -> String {
        var sentences = ""
        for (place, one) in series.enumerated() {
            let hidden = series[..<place].filter { other in
                other.points.count == one.points.count
                    && zip(other.points, one.points).allSatisfy { $0.x == $1.x && abs($0.y - $1.y) <= 0.5 }
            }
            for other in hidden { sentences += " \(one.name) lies on \(other.name)." }
        }
        return sentences
    }

    /// `, 20 steps` where the configuration says so.
    private func steps(_ label: String) -> String {
        let sections = configuration.attacks.filter { $0.name.rawValue == label }
        guard sections.count == 1, let section = sections.first, section.name == .pgd else { return "" }
        return ", \(section.steps ?? 20) steps"
    }

    private func timeFigure(_ records: [ResultRecord]) -> Figure? {
        guard Set(records.compactMap { $0.number("time") }).count > 1 else { return nil }
        let ridge = Self.shownSetting(records).ridge
        let chosen = records.filter { $0.number("diag_reg") == ridge }
        return settingFigure(
            chosen, key: "time", "training-time", "Accuracy against training time",
            Axis("Training time t (∞: fully trained)", .log), ridges: nil)
    }

    private func ridgeFigure(_ records: [ResultRecord]) -> Figure? {
        guard Set(records.compactMap { $0.number("diag_reg") }).count > 1 else { return nil }
        let time = Self.shownSetting(records).time
        let chosen = records.filter { $0.number("time") == time }
        let unit = configuration.inference.diagRegScale == .relative ? " (share of the mean diagonal of Θ)" : ""
        return settingFigure(
            chosen, key: "diag_reg", "ridge", "Accuracy against the ridge", Axis("Ridge λ\(unit)", .log),
            ridges: configuration.inference.diagReg)
    }

    /// Lines that a figure holds without becoming a thicket.
    private static let mostLines = 6

    /// Clean accuracy as a solid line, that under each attack dashed: at every radius where they are few, else at the
    /// largest.
    private func settingFigure(
        _ records: [ResultRecord], key: String, _ name: String, _ title: String, _ x: Axis,
        ridges: [Double]?
    ) -> Figure? {
        func points(_ records: [ResultRecord], _ measure: String) -> [LineChart.Point] {
            var known: Set<Double> = []
            return records.compactMap { record in
                guard let x = record.number(key), known.insert(x).inserted, let y = record.number(measure) else {
                    return nil
                }
                return Self.point(x, y, record.number("count"))
            }
        }
        var series = [LineChart.Series("Clean", colour: 0, points(records, "clean_accuracy"))]
        let attacked = records.filter { $0.text("attack") != nil && ($0.number("eps") ?? 0) > 0 }
        let cases = attacked.compactMap { record in
            record.text("attack").flatMap { attack in
                record.number("eps").map { AttackSetting(attack: attack, eps: $0) }
            }
        }.distinct()
        let largest = Dictionary(cases.map { ($0.attack, $0.eps) }, uniquingKeysWith: max)
        for setting in cases where cases.count < Self.mostLines || setting.eps == largest[setting.attack] {
            series.append(
                LineChart.Series(
                    setting.name, colour: series.count, isDashed: true,
                    points(attacked.filter(setting.matches), "robust_accuracy")))
        }
        series = series.filter { !$0.points.isEmpty }
        guard !series.isEmpty else { return nil }
        return figure(
            name, title,
            "Solid: clean accuracy. Dashed: accuracy under the attack on the same predictor.\(Self.coincidences(series)) "
                + Self.errors,
            LineChart(x: x, y: .percent("Accuracy"), panels: [.init("", series)]), net: configuration.model.headline,
            ridges: ridges)
    }
}
