/// Panels side by side with the same axes: a legend, rows of panels, one title for each axis.
struct PanelLayout: Sendable {
    /// What a panel holds is drawn into these.
    let boxes: [Box]
    let width: Double
    let height: Double
    private let titles: [String]
    private let axes: (x: Axis, y: Axis)

    private static let left = 58.0
    private static let gap = 50.0

    /// - Parameter top: room that the legend takes.
    init(titles: [String], x: Axis, y: Axis, top: Double, aspect: Double = 0.62) {
        self.titles = titles
        axes = (x, y)
        let columns = Self.columns(titles.count)
        let inner = columns == 1 ? 400 : columns == 2 ? 240.0 : 200
        let panelHeight = (columns == 1 ? inner * aspect : inner * max(aspect, 0.8)).rounded()
        let hasTitles = titles.contains { !$0.isEmpty }
        let above = hasTitles ? 24.0 : 8
        let rows = (titles.count + columns - 1) / columns
        let rowHeight = above + panelHeight + 28
        boxes = titles.indices.map { index in
            Box(
                x: Self.left + Double(index % columns) * (inner + Self.gap),
                y: top + Double(index / columns) * rowHeight + above, width: inner, height: panelHeight)
        }
        width = Self.left + Double(columns) * inner + Double(columns - 1) * Self.gap + 22
        height = top + Double(rows) * rowHeight + 20
    }

    static func columns(_ count: Int) -> Int { count == 1 ? 1 : count == 2 || count == 4 ? 2 : 3 }

    /// The width before anything of the height is known, for the legend.
    static func width(panels: Int) -> Double { [480, 610, 780][columns(panels) - 1] }

    /// Titles of the panels and of the axes.
    func draw() -> [Markup] {
        var parts: [Markup] = []
        for (box, title) in zip(boxes, titles) where !title.isEmpty {
            parts.append(.label(title, x: box.x, y: box.y - 9, style: "panel"))
        }
        guard let first = boxes.first, let last = boxes.last else { return [] }
        let right = boxes.map(\.right).max() ?? first.right
        parts.append(.label(axes.x.title, x: (first.x + right) / 2, y: height - 4, .middle))
        parts.append(.upright(axes.y.title, x: 14, y: (first.y + last.bottom) / 2))
        return parts
    }
}
