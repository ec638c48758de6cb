import Foundation

/// Bullets whose size and shade follow a third quantity, in one panel or several with the same axes.
package struct ScatterChart: FigureContent {
    package struct Point: Sendable, Equatable {
        let x: Double
        let y: Double
        /// Positive; size and shade follow its logarithm.
        let magnitude: Double
        let name: String

        package init(_ x: Double, _ y: Double, magnitude: Double, name: String) {
            self.x = x
            self.y = y
            self.magnitude = magnitude
            self.name = name
        }
    }

    package struct Panel: Sendable {
        let title: String
        let points: [Point]
        /// Dotted lines at these values.
        package let thresholds: (x: Double?, y: Double?)

        package init(_ title: String = "", _ points: [Point], thresholds: (x: Double?, y: Double?) = (nil, nil)) {
            self.title = title
            self.points = points
            self.thresholds = thresholds
        }
    }

    let x: Axis
    let y: Axis
    /// What size and shade say, with its unit.
    let magnitude: String
    let panels: [Panel]
    /// Whether the line y = x is drawn: nothing can be above it.
    let hasDiagonal: Bool

    package init(x: Axis, y: Axis, magnitude: String, panels: [Panel], hasDiagonal: Bool = false) {
        self.x = x
        self.y = y
        self.magnitude = magnitude
        self.panels = panels
        self.hasDiagonal = hasDiagonal
    }

    /// Smallest and largest magnitude.
    private var range: (low: Double, high: Double) {
        let values = panels.flatMap(\.points).map(\.magnitude).filter { $0 > 0 && $0.isFinite }
        return (values.min() ?? 1, values.max() ?? 1)
    }

    /// 0 for the smallest magnitude, 1 for the largest.
    private func share(_ magnitude: Double) -> Double {
        let (low, high) = range
        guard high > low else { return 1 }
        return min(1, max(0, log(max(magnitude, low) / low) / log(high / low)))
    }

    private func bullet(_ share: Double, _ x: Double, _ y: Double) -> Markup {
        let shade = min(Stylesheet.shadeCount - 1, Int(share * Double(Stylesheet.shadeCount)))
        let radius = 2.6 + 8.4 * share * share
        return .tag(
            "circle",
            [
                "class": "bullet shade\(shade)", "cx": x.coordinate, "cy": y.coordinate, "r": radius.coordinate,
            ])
    }

    /// Magnitudes of the legend: the ends and what is between in the logarithm.
    private var keys: [Legend.Entry] {
        let (low, high) = range
        let shares: [Double] = high > low ? [0, 1.0 / 3, 2.0 / 3, 1] : [1]
        let head = Legend.Entry(name: magnitude + ":", keyWidth: 0) { _, _ in [] }
        return [head]
            + shares.map { share in
                let value = low * pow(high / low, share)
                return Legend.Entry(name: Tick.short(value), keyWidth: 8 + 14 * share) { [bullet(share, $0, $1)] }
            }
    }

    package func draw() -> Drawing {
        let width = PanelLayout.width(panels: panels.count)
        let legend = Legend.draw(keys, x: 8, y: 6, width: width - 16)
        let layout = PanelLayout(
            titles: panels.map(\.title), x: x, y: y, top: legend.height + 6, aspect: panels.count == 1 ? 0.8 : 1)
        let points = panels.flatMap(\.points)
        var parts = legend.parts + layout.draw()
        for (box, panel) in zip(layout.boxes, panels) {
            let frame = PlotFrame(box, x: x, y: y, fitting: (points.map(\.x), points.map(\.y)))
            parts += frame.draw() + references(panel, frame)
            // Small ones stay visible in front of large ones.
            for point in panel.points.sorted(by: { $0.magnitude > $1.magnitude }) {
                guard let place = frame.place(point.x, point.y) else { continue }
                let text = "\(point.name): \(Tick.short(point.x)), \(Tick.short(point.y))"
                parts.append(
                    .tag("g", [:], [.tag("title", [:], text), bullet(share(point.magnitude), place.x, place.y)]))
            }
        }
        return Drawing(width: layout.width, height: layout.height, parts: parts)
    }

    private func references(_ panel: Panel, _ frame: PlotFrame) -> [Markup] {
        var parts: [Markup] = []
        let low = max(frame.x.domain.lowerBound, frame.y.domain.lowerBound)
        let high = min(frame.x.domain.upperBound, frame.y.domain.upperBound)
        if hasDiagonal, low < high, let start = frame.place(low, low), let end = frame.place(high, high) {
            parts.append(.line("edge", start.x, start.y, end.x, end.y))
        }
        if let value = panel.thresholds.x, let place = frame.x.position(value) {
            parts.append(.line("reference", place, frame.box.y, place, frame.box.bottom))
        }
        if let value = panel.thresholds.y, let place = frame.y.position(value) {
            parts.append(.line("reference", frame.box.x, place, frame.box.right, place))
        }
        return parts
    }
}

extension ScatterChart {
    package var vegaLite: JSONValue {
        let rows = panels.flatMap { panel in
            panel.points.map { point -> JSONValue in
                [
                    "panel": .text(panel.title), "x": .number(point.x), "y": .number(point.y),
                    "magnitude": .number(point.magnitude), "name": .text(point.name),
                ]
            }
        }
        let size: JSONValue = [
            "field": "magnitude", "type": "quantitative", "title": .text(magnitude),
            "scale": ["type": "log", "range": [20, 380]],
        ]
        let colour: JSONValue = [
            "field": "magnitude", "type": "quantitative", "title": .text(magnitude),
            "scale": ["type": "log", "scheme": "blues"],
        ]
        let layer: JSONValue = [
            "mark": ["type": "circle", "stroke": "black", "strokeWidth": 0.5, "opacity": 1],
            "encoding": [
                "x": x.vegaLite("x"), "y": y.vegaLite("y"), "size": size, "color": colour,
                "tooltip": [["field": "name", "type": "nominal"]],
            ],
        ]
        return VegaLite.panels(panels.map(\.title), rows: rows, layers: [layer])
    }
}
