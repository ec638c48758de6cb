/// Parts of Vega-Lite documents that charts share.
enum VegaLite {
    /// One panel, or one for each value of the field `panel`.
    static func panels(_ titles: [String], rows: [JSONValue], layers: [JSONValue]) -> JSONValue {
        let data: [String: JSONValue] = ["data": ["values": .list(rows)]]
        guard titles.count > 1 else {
            return JSONValue.object(data).adding(["width": 440, "height": 270, "layer": .list(layers)])
        }
        return JSONValue.object(data).adding([
            "facet": [
                "field": "panel", "type": "nominal", "title": .null, "sort": .list(titles.map { .text($0) }),
            ],
            "columns": .number(Double(PanelLayout.columns(titles.count))),
            "spec": ["width": 240, "height": 190, "layer": .list(layers)],
        ])
    }
}

extension Axis {
    /// The channel of a position.
    func vegaLite(_ field: String) -> JSONValue {
        var scale: [String: JSONValue] = ["type": kind == .log ? "log" : "linear"]
        if let domain { scale["domain"] = [.number(domain.lowerBound), .number(domain.upperBound)] }
        if kind == .linear, domain == nil { scale["zero"] = false }
        return [
            "field": .text(field), "type": "quantitative", "title": .text(title), "scale": .object(scale),
        ]
    }
}
