import Figures

/// The tables of the report.
struct ReportTables {
    let contents: RunContents

    var all: [Markup] { attacks + networks + summaries + transfer + similarities + machines + features + others }

    /// - Parameters:
    ///   - textColumns: how many of the first columns hold words; the others hold numbers.
    ///   - isFolded: whether a reader has to open it.
    static func table(
        _ title: String, header: [String], _ rows: [[String]], textColumns: Int, isFolded: Bool = false
    ) -> Markup {
        table(
            title, header: header, rows.map { $0.map { .text($0) } }, textColumns: textColumns, isFolded: isFolded)
    }

    /// The same of cells that hold more than words.
    static func table(
        _ title: String, header: [String], _ rows: [[Markup]], textColumns: Int, isFolded: Bool = false
    ) -> Markup {
        func cell(_ kind: String, _ column: Int, _ content: Markup) -> Markup {
            column < textColumns ? .tag(kind, ["class": "t"], [content]) : .tag(kind, [:], [content])
        }
        func line(_ kind: String, _ cells: [Markup]) -> Markup {
            .tag("tr", [:], cells.enumerated().map { cell(kind, $0, $1) })
        }
        let head = Markup.tag("thead", [:], [line("th", header.map { .text($0) })])
        let body = Markup.tag("tbody", [:], rows.map { line("td", $0) })
        let caption = isFolded ? [] : [Markup.tag("caption", [:], title)]
        let table = Markup.tag("div", ["class": "wide"], [.tag("table", [:], caption + [head, body])])
        return isFolded ? .tag("details", [:], [.tag("summary", [:], title), table]) : table
    }

    /// A column: its title, and what it says of a record; left out where it says nothing of any record.
    private typealias Column = (title: String, text: @Sendable (ResultRecord) -> String?)

    private func table(
        _ title: String, _ records: [ResultRecord], _ columns: [Column], textColumns: Int, isFolded: Bool = false
    ) -> [Markup] {
        guard !records.isEmpty else { return [] }
        let cells = columns.map { column in records.map(column.text) }
        let used = columns.indices.filter { cells[$0].contains { $0 != nil } }
        let rows = records.indices.map { row in used.map { cells[$0][row] ?? "-" } }
        return [
            Self.table(
                title, header: used.map { columns[$0].title }, rows, textColumns: used.count { $0 < textColumns },
                isFolded: isFolded)
        ]
    }

    private static func word(_ key: String) -> @Sendable (ResultRecord) -> String? { { $0.text(key) } }

    private static func number(_ key: String) -> @Sendable (ResultRecord) -> String? {
        { $0.number(key).map(Tick.short) }
    }

    private static func integer(_ key: String) -> @Sendable (ResultRecord) -> String? {
        { $0.number(key).map { Int($0).grouped } }
    }

    /// - Parameter count: key of the number of points.
    /// - Parameter count: key of the number of points, which gives the error; nil for none.
    private static func accuracy(_ key: String, of count: String? = "count") -> @Sendable (ResultRecord) -> String? {
        { record in ResultsTable.accuracy(record.number(key), count.flatMap { record.number($0) }) }
    }

    private static let attack: Column = (
        "Attack",
        { $0.text("attack").map(ReportFigures.attackName) }
    )
    private static let norm: Column = ("Norm", { $0.text("norm").map(ReportFigures.normName) })
    private static let radius: Column = ("ε", { $0.number("eps").map(ResultsTable.radius) })

    /// The setting that figures show, and behind it all of them where there are many.
    private var attacks: [Markup] {
        let time: Column = ("Time", { record in record.text("time").map { $0 == "inf" ? "∞" : $0 } })
        let columns = [
            Self.attack, Self.norm, Self.radius, time, ("Ridge", Self.number("diag_reg")),
            ("Clean", Self.accuracy("clean_accuracy")), ("Under attack", Self.accuracy("robust_accuracy")),
            ("Successes", { $0.number("success_rate").map { ResultsTable.accuracy($0, nil) } }),
            ("Loss, clean", Self.number("mean_loss_clean")), ("Loss", Self.number("mean_loss")),
        ]
        let title = "Accuracy with binomial standard errors, and mean loss"
        let all = contents.records(nil).filter { $0.text("network") == nil }
        let (longest, ridge) = ReportFigures.shownSetting(all)
        let shown = all.filter { $0.number("time") == longest && $0.number("diag_reg") == ridge }
        return table(title, shown, columns, textColumns: 2)
            + (shown.count < all.count
                ? table("\(title): all times and ridges", all, columns, textColumns: 2, isFolded: true) : [])
    }

    /// Trained nets under the attacks, beside their kernel, and their empirical NTK at the ends of training.
    private var networks: [Markup] {
        let net: Column = ("Net", Self.word("network"))
        let seed: Column = ("Seed", Self.word("seed"))
        let attacked = table(
            "Accuracy of the trained nets, with binomial standard errors",
            contents.records(nil).filter { $0.text("network") != nil },
            [
                net, seed, Self.attack, Self.norm, Self.radius, ("Clean", Self.accuracy("clean_accuracy")),
                ("Under attack", Self.accuracy("robust_accuracy")),
            ], textColumns: 4)
        let compared = table(
            "Nets beside their kernel, along training", contents.records(.comparison),
            [
                net, seed, ("Epoch", Self.integer("epoch")), ("Cosine", Self.number("mean_cosine")),
                ("Clean", Self.accuracy("network_accuracy")),
                ("Own attack", Self.accuracy("network_robust_accuracy")),
                ("Kernel's attack", Self.accuracy("network_accuracy_under_kernel_attack")),
                ("Kernel: clean", Self.accuracy("kernel_accuracy")),
                ("Own attack", Self.accuracy("kernel_robust_accuracy")),
                ("Net's attack", Self.accuracy("kernel_accuracy_under_network_attack")),
            ], textColumns: 2, isFolded: true)
        let top = configuration.dynamics.map { "concentration_\($0.top)" } ?? ""
        let moved = table(
            "The empirical NTK along training", contents.records(.dynamics),
            [
                net, seed, ("Epoch", Self.number("epoch")), ("Norm", Self.number("norm")),
                ("Distance to Θ₀", Self.number("distance")), ("to the one before", Self.number("last_distance")),
                ("Top part", Self.number("top_distance")), ("Bottom part", Self.number("bottom_distance")),
                ("Concentration", { $0.number(top).map { ResultsTable.accuracy($0, nil) } }),
                ("Effective rank", Self.number("effective_rank")), ("Alignment", Self.number("alignment")),
            ], textColumns: 2, isFolded: true)
        return attacked + compared + moved
    }

    private var configuration: Configuration { contents.configuration }

    /// Those of single nets.
    private var ownSummaries: [ResultRecord] {
        contents.records(.featuresSummary).filter { $0.text("architecture") != "all" }
    }

    private var summaries: [Markup] {
        let net: Column = ("Net", Self.word("architecture"))
        let best: Column = (
            "Best machine",
            { record in
                record.text("best_machine").map {
                    "\($0) \(record.number("best_machine_features").map { Int($0).grouped } ?? "")"
                }
            }
        )
        func machine(_ key: String) -> @Sendable (ResultRecord) -> String? { Self.accuracy(key, of: "machine_count") }
        return table(
            "Features: their number, and rank correlations ρ with the eigenvalue λ", ownSummaries,
            [
                net, Self.attack, Self.radius, ("Features", Self.integer("features")),
                ("Useful", Self.integer("useful")), ("Useful, not robust", Self.integer("useful_non_robust")),
                ("ρ(λ, usefulness)", Self.number("rank_correlation_clean")),
                ("ρ(λ, robustness)", Self.number("rank_correlation_robust")),
            ], textColumns: 2)
            + table(
                "Machines of all features, and the most robust one of some of them that is better than the majority",
                ownSummaries.filter { $0.text("best_machine") != nil },
                [
                    net, Self.attack, best, Self.radius, ("All: clean", machine("full_clean_accuracy")),
                    ("Attacked", machine("full_robust_accuracy")),
                    ("Best: clean", machine("best_machine_clean_accuracy")),
                    ("Attacked", machine("best_machine_robust_accuracy")),
                ], textColumns: 3)
    }

    private var similarities: [Markup] {
        let all = contents.records(.featuresSummary).first { $0.text("architecture") == "all" }
        let mean = all?.number("mean_cosine").map { ": \(Tick.short($0)) in the mean" } ?? ""
        let absolute = all?.number("mean_absolute_cosine").map { ", \(Tick.short($0)) of absolute values" } ?? ""
        return table(
            "Cosine between gradients of the same feature in two nets\(mean)\(absolute)", contents.records(.similarity),
            [
                ("Net", Self.word("architecture")), ("Other net", Self.word("other")),
                ("Feature", Self.integer("feature")), ("Images", Self.integer("images")),
                ("Mean cosine", Self.number("mean_cosine")), ("Mean |cosine|", Self.number("mean_absolute_cosine")),
            ], textColumns: 2, isFolded: true)
    }

    private var machines: [Markup] {
        table(
            "Machines made of some of the features, at the half of the test points that did not choose them",
            contents.records(.machine),
            [
                ("Net", Self.word("architecture")), ("Machine", Self.word("machine")), Self.attack,
                ("p", Self.integer("features")), Self.radius, ("Clean", Self.accuracy("clean_accuracy")),
                ("Under attack", Self.accuracy("robust_accuracy")),
            ], textColumns: 3, isFolded: true)
    }

    private var features: [Markup] {
        let records = contents.records(.feature)
        return records.compactMap { $0.text("architecture") }.distinct().flatMap { net in
            table(
                "Features of \(net)", records.filter { $0.text("architecture") == net },
                [
                    Self.attack, ("Feature", Self.integer("feature")), ("Eigenvalue λ", Self.number("eigenvalue")),
                    Self.radius, ("Clean", Self.accuracy("clean_accuracy")),
                    ("Under attack", Self.accuracy("robust_accuracy")),
                    ("Correlation", Self.number("clean_correlation")),
                    ("Under attack", Self.number("robust_correlation")),
                    ("Useful", Self.truth("is_useful")), ("Robust", Self.truth("is_robust")),
                ], textColumns: 1, isFolded: true)
        }
    }

    private var transfer: [Markup] {
        table(
            "Accuracy of each model at the adversarial points of each other", contents.records(.transfer),
            [
                ("Source", Self.word("source")), ("Target", Self.word("target")), Self.attack, Self.norm, Self.radius,
                ("Clean", Self.accuracy("clean_accuracy")), ("Under attack", Self.accuracy("robust_accuracy")),
                ("Fooled, of those right before", Self.accuracy("fooled", of: nil)),
            ], textColumns: 4, isFolded: true)
            + table(
                "Cosine between the loss gradients of two models", contents.records(.gradientSimilarity),
                [
                    ("Model", Self.word("model")), ("Other model", Self.word("other")),
                    ("Images", Self.integer("images")), ("Mean cosine", Self.number("mean_cosine")),
                ], textColumns: 2, isFolded: true)
    }

    private static func truth(_ key: String) -> @Sendable (ResultRecord) -> String? {
        { record in
            guard case .boolean(let value) = record[key] else { return nil }
            return value ? "yes" : "no"
        }
    }

    /// Records of kinds that other versions write: as they are.
    private var others: [Markup] {
        let unknown = contents.records.filter { $0.text("kind") != nil && $0.kind == nil }
        return unknown.compactMap { $0.text("kind") }.distinct().flatMap { kind -> [Markup] in
            let own = unknown.filter { $0.text("kind") == kind }
            let keys = own.flatMap { $0.fields.map(\.key) }.distinct().filter { $0 != "kind" }
            return table(kind, own, keys.map { ($0, Self.word($0)) }, textColumns: 0, isFolded: true)
        }
    }
}
