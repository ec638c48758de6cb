import Figures

/// `report.html`: one page that needs nothing beside it and runs no scripts.
struct ReportPage {
    let contents: RunContents
    let figures: [Figure]

    /// The page as text; valid both as HTML and as XML.
    var document: String { Self.document(heading, sections) }

    /// A page that needs nothing beside it.
    static func document(_ title: String, _ sections: [Markup]) -> String {
        let head: [Markup] = [
            .tag("meta", ["charset": "utf-8"], [Markup]()),
            .tag("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"], [Markup]()),
            .tag("meta", ["name": "color-scheme", "content": "light dark"], [Markup]()),
            .tag("title", [:], title), .tag("style", [:], ReportStyle.sheet),
        ]
        let body = Markup.tag("body", [:], [.tag("main", [:], sections)])
        return "<!DOCTYPE html>\n" + Markup.tag("html", ["lang": "en"], [.tag("head", [:], head), body]).rendered
    }

    private var heading: String {
        let question = contents.configuration.question
        return question.isEmpty ? "Run \(contents.folder.path.split(separator: "/").last ?? "")" : question
    }

    private var sections: [Markup] {
        let lead = contents.configuration.headline.map { Markup.tag("li", [:], $0.text) }
        return [.tag("h1", [:], heading), .tag("ul", ["class": "lead"], lead)]
            + state + warnings + results + figureSections + [method, configuration]
    }

    /// A note where the run has not come to its end.
    private var state: [Markup] {
        guard let status = contents.unfinished else { return [] }
        let reason = status.message.map { ": \($0)" } ?? ""
        return [notice("This run is not complete: it is \(status.state.rawValue), at '\(status.stage)'\(reason).")]
    }

    private var warnings: [Markup] {
        let sentences = contents.warnings + contents.manifest.repairs
        guard !sentences.isEmpty else { return [] }
        return [
            .tag("h2", [:], "Warnings"),
            .tag("ul", ["class": "notice"], sentences.map { .tag("li", [:], $0) }),
        ]
    }

    private func notice(_ sentence: String) -> Markup { .tag("p", ["class": "notice"], sentence) }

    private var results: [Markup] {
        let tables = ReportTables(contents: contents).all
        guard !tables.isEmpty else { return [notice("This run has no results.")] }
        return [.tag("h2", [:], "Results")] + tables
    }

    private var figureSections: [Markup] {
        guard !figures.isEmpty else { return [] }
        return [.tag("h2", [:], "Figures")]
            + figures.enumerated().map { place, figure in
                .tag(
                    "figure", ["id": figure.name],
                    [
                        .tag("h3", [:], "\(place + 1). \(figure.title)"),
                        .tag("div", ["class": figure.width > 560 ? "wide natural" : "wide"], [figure.inline]),
                        .tag(
                            "figcaption", [:],
                            [
                                .text(figure.caption + " "),
                                .tag("a", ["href": "figures/\(figure.name).svg"], "SVG"), .text(", "),
                                .tag("a", ["href": "figures/\(figure.name).vl.json"], "data"),
                            ]),
                    ])
            }
    }

    private var configuration: Markup {
        .tag(
            "details", [:],
            [
                .tag("summary", [:], "The configuration, with every default"),
                .tag("pre", [:], [.tag("code", [:], contents.configuration.resolved(comments: true))]),
            ])
    }

    /// What it was computed with. Seconds and memory stand in the manifest alone: a run that was stopped and went on
    /// ends with the same page as an undisturbed one.
    private var method: Markup {
        let manifest = contents.manifest
        var rows: [(String, [String])] = []
        if !manifest.version.isEmpty {
            rows.append(
                ("Version", [manifest.version + (manifest.commit.isEmpty ? "" : ", commit \(manifest.commit)")]))
        }
        rows.append(("Devices", manifest.devices.map { "\($0.name), \($0.backend) \($0.index), \($0.driver)" }))
        rows.append(
            (
                "Precision",
                ["\(contents.configuration.compute.precision.rawValue) for kernels and gradients, float64 for solves"]
            ))
        if let n = contents.trainCount {
            rows.append(("Points", ["\(n.grouped) training, \((contents.testCount ?? 0).grouped) test"]))
        }
        rows.append(("Seeds", manifest.seeds.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }))
        rows.append(("Data, SHA256", manifest.data.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }))
        let list = rows.filter { !$0.1.isEmpty }.flatMap { name, lines in
            [Markup.tag("dt", [:], name)] + lines.map { .tag("dd", [:], $0) }
        }
        return .tag(
            "section", [:], [.tag("h2", [:], "How it was computed"), .tag("dl", [:], list)] + plan)
    }

    private var plan: [Markup] {
        // A folder of another version may hold a net that this one does not plan; its report goes without.
        guard let plan = try? contents.configuration.plan() else { return [] }
        return [
            .tag(
                "details", [:],
                [
                    .tag("summary", [:], "Plan of the net: what describes a pair behind each step"),
                    .tag("pre", [:], [.tag("code", [:], "\(plan)")]),
                ])
        ]
    }
}
