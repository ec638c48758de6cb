/// Rows and columns of pictures.
package struct ImageGrid: FigureContent {
    package struct Cell: Sendable {
        let image: PixelImage
        /// Lines below the picture.
        let notes: [String]

        package init(_ image: PixelImage, notes: [String] = []) {
            self.image = image
            self.notes = notes
        }
    }

    package struct Column: Sendable {
        /// Its lines may be told apart by line ends.
        let title: String
        /// What stands between this column and the one before, e.g. `+`.
        let sign: String

        package init(_ title: String, sign: String = "") {
            self.title = title
            self.sign = sign
        }
    }

    let columns: [Column]
    let rows: [String]
    /// [rows][columns]; nil stays empty.
    let cells: [[Cell?]]
    private let side: Double

    /// - Parameter side: of a picture, in CSS pixels.
    package init(columns: [Column], rows: [String], cells: [[Cell?]], side: Double = 92) {
        precondition(cells.count == rows.count && cells.allSatisfy { $0.count == columns.count })
        self.columns = columns
        self.rows = rows
        self.cells = cells
        self.side = side
    }

    package func draw() -> Drawing {
        let margin = 8.0
        let titles = columns.map { column in
            column.title.split(separator: "\n").flatMap { TextWidth.wrap(String($0), size: 12, width: side + 6) }
        }
        let titleLines = Double(titles.map(\.count).max() ?? 0)
        let rowTitle = rows.map { TextWidth.of($0, size: 12) }.max() ?? 0
        let left = rowTitle > 0 ? margin + rowTitle + 10 : margin
        let top = 6 + 15 * titleLines + 4
        let gap = columns.contains { !$0.sign.isEmpty } ? 22.0 : 10
        let notes = Double(cells.flatMap { $0 }.compactMap { $0?.notes.count }.max() ?? 0)
        let rowHeight = side + 14 * notes + 10
        var parts: [Markup] = []
        for (column, title) in titles.enumerated() {
            let middle = left + Double(column) * (side + gap) + side / 2
            for (line, text) in title.enumerated() {
                let y = top - 8 - 15 * (titleLines - 1 - Double(line))
                parts.append(.label(text, x: middle, y: y, .middle))
            }
        }
        for (row, name) in rows.enumerated() {
            let y = top + Double(row) * rowHeight
            parts.append(.label(name, x: left - 10, y: y + side / 2 + 4, .end))
            for (column, cell) in cells[row].enumerated() {
                guard let cell else { continue }
                let x = left + Double(column) * (side + gap)
                parts += draw(cell, Box(x: x, y: y, width: side, height: side))
                if !columns[column].sign.isEmpty {
                    parts.append(
                        .label(columns[column].sign, x: x - gap / 2, y: y + side / 2 + 5, .middle, style: "title"))
                }
            }
        }
        return Drawing(
            width: left + Double(columns.count) * (side + gap) - gap + margin,
            height: top + Double(rows.count) * rowHeight, parts: parts)
    }

    private func draw(_ cell: Cell, _ box: Box) -> [Markup] {
        let place: KeyValuePairs = [
            "x": box.x.coordinate, "y": box.y.coordinate, "width": box.width.coordinate,
            "height": box.height.coordinate, "preserveAspectRatio": "xMidYMid meet",
            "style": "image-rendering:pixelated", "href": cell.image.dataURI,
        ]
        let notes = cell.notes.enumerated().map { line, text in
            Markup.label(
                text, x: box.x + box.width / 2, y: box.bottom + 13 + 14 * Double(line), .middle, style: "small muted")
        }
        return [.tag("image", place), .rect("edge", box)] + notes
    }
}

extension ImageGrid {
    package var vegaLite: JSONValue {
        var values: [JSONValue] = []
        for (row, name) in rows.enumerated() {
            for (column, cell) in cells[row].enumerated() {
                guard let cell else { continue }
                values.append([
                    "row": .text(name.isEmpty ? "\(row)" : name), "column": .text(columns[column].title),
                    "image": .text(cell.image.dataURI), "notes": .list(cell.notes.map { .text($0) }),
                ])
            }
        }
        func channel(_ field: String, _ order: [String]) -> JSONValue {
            [
                "field": .text(field), "type": "nominal", "title": .null, "sort": .list(order.map { .text($0) }),
            ]
        }
        return [
            "data": ["values": .list(values)], "width": ["step": .number(side + 10)],
            "height": ["step": .number(side + 10)],
            "mark": ["type": "image", "width": .number(side), "height": .number(side)],
            "encoding": [
                "x": channel("column", columns.map(\.title)), "y": channel("row", rows),
                "url": ["field": "image", "type": "nominal"], "tooltip": ["field": "notes", "type": "nominal"],
            ],
        ]
    }

    /// All pictures on one sheet, each pixel a square of several, white between them.
    package var panels: PixelImage? {
        let images = cells.flatMap { $0 }.compactMap { $0?.image }
        guard let width = images.map(\.width).max(), let height = images.map(\.height).max() else { return nil }
        let factor = max(1, 128 / max(width, height))
        let gap = 8
        let step = (x: width * factor + gap, y: height * factor + gap)
        let sheet = (width: columns.count * step.x + gap, height: rows.count * step.y + gap)
        var pixels = [UInt8](repeating: 255, count: sheet.width * sheet.height * 3)
        for (row, line) in cells.enumerated() {
            for (column, cell) in line.enumerated() {
                guard let image = cell?.image else { continue }
                for y in 0..<image.height * factor {
                    var place = ((row * step.y + gap + y) * sheet.width + column * step.x + gap) * 3
                    for x in 0..<image.width * factor {
                        pixels.replaceSubrange(
                            place..<place + 3, with: image.colour(x: x / factor, y: y / factor))
                        place += 3
                    }
                }
            }
        }
        return PixelImage(width: sheet.width, height: sheet.height, channels: 3, pixels: pixels)
    }
}
