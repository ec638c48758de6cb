/// A table of numbers as shades, with the numbers in it.
package struct HeatMap: FigureContent {
    let rows: [String]
    let columns: [String]
    /// [rows][columns]; nil stays empty.
    let values: [[Double?]]
    /// What the values are, with their unit.
    let title: String
    /// Values of the first and of the last shade.
    let domain: ClosedRange<Double>

    private static let cellHeight = 34.0

    /// Wide enough for every column's name.
    private var cellWidth: Double { max(62, 10 + (columns.map { TextWidth.of($0, size: 12) }.max() ?? 0)) }

    package init(
        rows: [String], columns: [String], values: [[Double?]], title: String, domain: ClosedRange<Double>
    ) {
        precondition(values.count == rows.count && values.allSatisfy { $0.count == columns.count })
        self.rows = rows
        self.columns = columns
        self.values = values
        self.title = title
        self.domain = domain
    }

    private func shade(_ value: Double) -> Int {
        let share = (value - domain.lowerBound) / (domain.upperBound - domain.lowerBound)
        return min(Stylesheet.shadeCount - 1, max(0, Int(share * Double(Stylesheet.shadeCount))))
    }

    package func draw() -> Drawing {
        let left = 16 + (rows.map { TextWidth.of($0, size: 12) }.max() ?? 0)
        let top = 52.0
        var parts: [Markup] = scaleBar(x: left)
        for (index, name) in columns.enumerated() {
            parts.append(.label(name, x: left + (Double(index) + 0.5) * cellWidth, y: top - 8, .middle))
        }
        for (row, name) in rows.enumerated() {
            let y = top + Double(row) * Self.cellHeight
            parts.append(.label(name, x: left - 8, y: y + Self.cellHeight / 2 + 4, .end))
            for (column, value) in values[row].enumerated() {
                guard let value else { continue }
                let x = left + Double(column) * cellWidth
                parts += cell(value, Box(x: x, y: y, width: cellWidth - 2, height: Self.cellHeight - 2))
            }
        }
        return Drawing(
            width: max(left + Double(columns.count) * cellWidth + 12, left + 260),
            height: top + Double(rows.count) * Self.cellHeight + 6, parts: parts)
    }

    private func cell(_ value: Double, _ box: Box) -> [Markup] {
        let shade = shade(value)
        let style = shade >= Stylesheet.shadeCount / 2 ? "reversed" : ""
        return [
            .rect("shade\(shade)", box),
            .label(Tick.short(value), x: box.x + box.width / 2, y: box.y + box.height / 2 + 4, .middle, style: style),
        ]
    }

    private func scaleBar(x: Double) -> [Markup] {
        let low = Tick.short(domain.lowerBound)
        let start = x + TextWidth.of(low, size: 11) + 4
        let end = start + 12 * Double(Stylesheet.shadeCount)
        return [.label(low, x: x, y: 17, style: "small muted")]
            + (0..<Stylesheet.shadeCount).map {
                .rect("shade\($0)", Box(x: start + 12 * Double($0), y: 8, width: 12, height: 11))
            }
            + [.label("\(Tick.short(domain.upperBound))  \(title)", x: end + 5, y: 17, style: "small muted")]
    }

    package var vegaLite: JSONValue {
        var cells: [JSONValue] = []
        for (row, name) in rows.enumerated() {
            for (column, other) in columns.enumerated() {
                guard let value = values[row][column] else { continue }
                cells.append(["row": .text(name), "column": .text(other), "value": .number(value)])
            }
        }
        func channel(_ field: String, _ order: [String]) -> JSONValue {
            [
                "field": .text(field), "type": "nominal", "title": .null, "sort": .list(order.map { .text($0) }),
            ]
        }
        let place: JSONValue = ["x": channel("column", columns), "y": channel("row", rows)]
        let colour: JSONValue = [
            "field": "value", "type": "quantitative", "title": .text(title),
            "scale": ["domain": [.number(domain.lowerBound), .number(domain.upperBound)], "scheme": "blues"],
        ]
        let number: JSONValue = ["field": "value", "type": "quantitative", "format": ".3"]
        return [
            "data": ["values": .list(cells)],
            "layer": [
                ["mark": "rect", "encoding": place.adding(["color": colour])],
                ["mark": "text", "encoding": place.adding(["text": number])],
            ],
        ]
    }
}
