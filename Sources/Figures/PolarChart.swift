import Foundation

/// Trajectories in polar coordinates, in one panel or several with the same scale: the angle from the horizontal on,
/// the radius outwards. Points are shaded by their place: the first ones far from the ground, the last ones near it.
package struct PolarChart: FigureContent {
    package struct Point: Sendable, Equatable {
        package let radius: Double
        /// In radians, from 0 to π/2.
        package let angle: Double
        /// What the point is.
        package let name: String

        package init(radius: Double, angle: Double, name: String) {
            self.radius = radius
            self.angle = angle
            self.name = name
        }
    }

    package struct Panel: Sendable {
        let title: String
        package let points: [Point]

        /// - Parameter points: in the order of time.
        package init(_ title: String, _ points: [Point]) {
            self.title = title
            self.points = points
        }
    }

    let panels: [Panel]
    /// What the radius is.
    let radius: String

    package init(radius: String, panels: [Panel]) {
        self.radius = radius
        self.panels = panels
    }

    /// The radius at the rim: all points are inside.
    private var rim: Double {
        let largest = max(panels.flatMap(\.points).map(\.radius).max() ?? 1, 1e-9)
        let step = Tick.step(largest, 4)
        return (largest / step - 1e-9).rounded(.up) * step
    }

    private static let left = 46.0
    private static let gap = 44.0

    package func draw() -> Drawing {
        let columns = PanelLayout.columns(max(panels.count, 1))
        let side = columns == 1 ? 300.0 : columns == 2 ? 240 : 195
        let rowHeight = side + 76
        var parts = legend
        for (index, panel) in panels.enumerated() {
            let origin = (
                x: Self.left + Double(index % columns) * (side + Self.gap),
                y: 34 + Double(index / columns) * rowHeight + 38 + side
            )
            parts.append(.label(panel.title, x: origin.x, y: origin.y - side - 24, style: "panel"))
            parts += grid(origin, side) + draw(panel, origin, side)
        }
        let rows = (panels.count + columns - 1) / columns
        return Drawing(
            width: max(Self.left + Double(columns) * (side + Self.gap), 380), height: 34 + Double(rows) * rowHeight,
            parts: parts)
    }

    private var legend: [Markup] {
        let start = 8 + TextWidth.of("early", size: 11) + 5
        let end = start + 12 * Double(Stylesheet.shadeCount)
        return [.label("early", x: 8, y: 17, style: "small muted")]
            + (0..<Stylesheet.shadeCount).map {
                .rect(
                    "shade\(Stylesheet.shadeCount - 1 - $0)",
                    Box(x: start + 12 * Double($0), y: 8, width: 12, height: 11))
            } + [.label("late", x: end + 5, y: 17, style: "small muted")]
    }

    /// Rings at radii, spokes at every 15 degrees.
    private func grid(_ origin: (x: Double, y: Double), _ side: Double) -> [Markup] {
        var parts: [Markup] = []
        for tick in Tick.linear(0...rim, count: 4) where tick.value > 0 {
            let r = tick.value / rim * side
            let path =
                "M\((origin.x + r).coordinate) \(origin.y.coordinate)"
                + "A\(r.coordinate) \(r.coordinate) 0 0 0 \(origin.x.coordinate) \((origin.y - r).coordinate)"
            parts.append(.tag("path", ["class": tick.value < rim ? "grid arc" : "edge", "d": path]))
            if let label = tick.label { parts.append(.label(label, x: origin.x + r, y: origin.y + 16, .middle)) }
        }
        for degrees in stride(from: 0.0, through: 90, by: 15) {
            let (x, y) = Self.place(side, degrees * .pi / 180)
            let isAxis = degrees == 0 || degrees == 90
            parts.append(
                .line(isAxis ? "edge" : "grid", origin.x, origin.y, origin.x + x, origin.y - y))
            let (labelX, labelY) = Self.place(side + 12, degrees * .pi / 180)
            parts.append(
                .label(
                    "\(Int(degrees))°", x: origin.x + labelX, y: origin.y - labelY + 4, degrees == 90 ? .end : .start,
                    style: "small muted"))
        }
        parts.append(
            .label(radius, x: origin.x + side / 2, y: origin.y + 31, .middle))
        return parts
    }

    private static func place(_ radius: Double, _ angle: Double) -> (x: Double, y: Double) {
        (radius * cos(angle), radius * sin(angle))
    }

    private func draw(_ panel: Panel, _ origin: (x: Double, y: Double), _ side: Double) -> [Markup] {
        let places = panel.points.map { point in
            let (x, y) = Self.place(point.radius / rim * side, min(max(point.angle, 0), .pi / 2))
            return (x: origin.x + x, y: origin.y - y)
        }
        var parts: [Markup] = []
        if places.count > 1 {
            let path = places.map { "\($0.x.coordinate) \($0.y.coordinate)" }.joined(separator: "L")
            parts.append(.tag("path", ["class": "edge", "d": "M" + path]))
        }
        for (index, (point, place)) in zip(panel.points, places).enumerated() {
            let share = Double(index) / Double(max(places.count - 1, 1))
            let shade = Int((1 - share) * Double(Stylesheet.shadeCount - 1) + 0.5)
            let text =
                "\(point.name): radius \(Tick.short(point.radius)), "
                + "angle \(Tick.short(point.angle * 180 / .pi))°"
            parts.append(
                .tag(
                    "g", [:],
                    [
                        .tag("title", [:], text),
                        .tag(
                            "circle",
                            [
                                "class": "bullet shade\(shade)", "cx": place.x.coordinate, "cy": place.y.coordinate,
                                "r": "4",
                            ]),
                    ]))
        }
        return parts
    }
}

extension PolarChart {
    /// As Cartesian coordinates: Vega-Lite has no polar ones.
    package var vegaLite: JSONValue {
        let rows = panels.flatMap { panel in
            panel.points.enumerated().map { index, point -> JSONValue in
                let (x, y) = Self.place(point.radius, point.angle)
                return [
                    "panel": .text(panel.title), "x": .number(x), "y": .number(y), "radius": .number(point.radius),
                    "angle": .number(point.angle), "place": .number(Double(index)), "name": .text(point.name),
                ]
            }
        }
        let layer: JSONValue = [
            "mark": ["type": "line", "point": true],
            "encoding": [
                "x": Axis("\(radius) × cos(angle)", domain: 0...rim).vegaLite("x"),
                "y": Axis("\(radius) × sin(angle)", domain: 0...rim).vegaLite("y"),
                "order": ["field": "place", "type": "quantitative"],
                "tooltip": [["field": "name", "type": "nominal"]],
            ],
        ]
        return VegaLite.panels(panels.map(\.title), rows: rows, layers: [layer])
    }
}
