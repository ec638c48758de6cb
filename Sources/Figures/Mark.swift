/// The mark of a series: seven shapes, so that colour is not what tells series apart.
enum Mark {
    /// - Parameter isHollow: as wanted for dashed lines.
    static func draw(_ index: Int, x: Double, y: Double, radius r: Double = 3.6, isHollow: Bool = false) -> Markup {
        let kind = index % Stylesheet.seriesCount
        let style = isHollow ? "ground s\(kind)" : "f\(kind)"
        if kind == 0 {
            return .tag("circle", ["class": style, "cx": x.coordinate, "cy": y.coordinate, "r": r.coordinate])
        }
        let corners = shape(kind).map { "\((x + r * $0).coordinate) \((y + r * $1).coordinate)" }
        return .tag("path", ["class": style, "d": "M" + corners.joined(separator: "L") + "Z"])
    }

    /// The names that Vega has for the shapes.
    static let vegaNames = ["circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "triangle-right"]

    private static func shape(_ kind: Int) -> [(Double, Double)] {
        switch kind {
        case 1: [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]
        case 2: [(0, -1.25), (1.15, 0.85), (-1.15, 0.85)]
        case 3: [(0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)]
        case 4: [(0, 1.25), (1.15, -0.85), (-1.15, -0.85)]
        case 5:
            [
                (-0.4, -1.2), (0.4, -1.2), (0.4, -0.4), (1.2, -0.4), (1.2, 0.4), (0.4, 0.4), (0.4, 1.2), (-0.4, 1.2),
                (-0.4, 0.4), (-1.2, 0.4), (-1.2, -0.4), (-0.4, -0.4),
            ]
        default: [(1.25, 0), (-0.85, 1.15), (-0.85, -1.15)]
        }
    }
}
