extension LineChart {
    package var vegaLite: JSONValue {
        var rows: [JSONValue] = []
        for panel in panels {
            for series in panel.series {
                for point in series.points {
                    var row: [String: JSONValue] = [
                        "panel": .text(panel.title), "series": .text(series.name), "line": .text(line(series)),
                        "x": .number(point.x), "y": .number(point.y),
                    ]
                    // JSON has no infinity.
                    if point.x.isInfinite { row["x_text"] = "inf" }
                    if let error = point.error {
                        row["low"] = .number(point.y - error)
                        row["high"] = .number(point.y + error)
                    }
                    rows.append(.object(row))
                }
            }
        }
        let names = JSONValue.list(keys.map { .text($0.name) })
        let lines = JSONValue.list([false, true].map { .text(line(isDashed: $0)) })
        let encoding: JSONValue = [
            "x": x.vegaLite("x"), "y": y.vegaLite("y"),
            "color": ["field": "series", "type": "nominal", "scale": ["domain": names], "title": .null],
            "strokeDash": [
                "field": "line", "type": "nominal", "scale": ["domain": lines, "range": [[1, 0], [6, 4]]],
                "title": .null,
            ],
        ]
        var layers: [JSONValue] = [["mark": ["type": "line", "point": .boolean(hasMarks)], "encoding": encoding]]
        if panels.flatMap(\.series).flatMap(\.points).contains(where: { $0.error != nil }) {
            layers.append([
                "mark": hasBands ? ["type": "area", "opacity": 0.2] : "rule",
                "encoding": encoding.adding(["y": y.vegaLite("low"), "y2": ["field": "high"], "strokeDash": .null]),
            ])
        }
        return VegaLite.panels(panels.map(\.title), rows: rows, layers: layers)
    }

    private func line(_ series: Series) -> String { line(isDashed: series.isDashed) }

    private func line(isDashed: Bool) -> String {
        isDashed ? meaning?.dashed ?? "dashed" : meaning?.solid ?? "solid"
    }
}
