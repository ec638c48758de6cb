/// Curves with marks and errors, in one panel or several with the same axes.
package struct LineChart: FigureContent {
    package struct Point: Sendable, Equatable {
        package let x: Double
        package let y: Double
        /// Standard error of y.
        package let error: Double?

        package init(_ x: Double, _ y: Double, error: Double? = nil) {
            self.x = x
            self.y = y
            self.error = error
        }
    }

    package struct Series: Sendable {
        /// Series of one name share a key in the legend.
        package let name: String
        /// Series of the same colour have the same mark.
        let colour: Int
        /// Dashed, with hollow marks.
        let isDashed: Bool
        package let points: [Point]

        package init(_ name: String, colour: Int, isDashed: Bool = false, _ points: [Point]) {
            self.name = name
            self.colour = colour
            self.isDashed = isDashed
            self.points = points.sorted { $0.x < $1.x }
        }
    }

    package struct Panel: Sendable {
        let title: String
        package let series: [Series]

        package init(_ title: String = "", _ series: [Series]) {
            self.title = title
            self.series = series
        }
    }

    let x: Axis
    let y: Axis
    let panels: [Panel]
    /// Whether each point has its mark; without, long curves stay thin.
    let hasMarks: Bool
    /// Whether errors are bands along the curves instead of bars at the marks.
    let hasBands: Bool
    /// What solid and dashed lines of one name say; nil where the names say all.
    let meaning: (solid: String, dashed: String)?

    package init(
        x: Axis, y: Axis, panels: [Panel], hasMarks: Bool = true, hasBands: Bool = false,
        meaning: (solid: String, dashed: String)? = nil
    ) {
        self.x = x
        self.y = y
        self.panels = panels
        self.hasMarks = hasMarks
        self.hasBands = hasBands
        self.meaning = meaning
    }

    /// Series in the order in which the panels name them first.
    var keys: [Series] {
        var keys: [Series] = []
        for series in panels.flatMap(\.series) where !keys.contains(where: { $0.name == series.name }) {
            keys.append(series)
        }
        return keys
    }

    private var entries: [Legend.Entry] {
        guard keys.count > 1 || meaning != nil else { return [] }
        let names = keys.map { series in
            Legend.Entry(name: series.name, keyWidth: 28) { x, y in
                let line = Markup.line(Self.style(series), x - 14, y, x + 14, y)
                let mark = Mark.draw(series.colour, x: x, y: y, isHollow: series.isDashed)
                return hasMarks ? [line, mark] : [line]
            }
        }
        guard let meaning else { return names }
        let grey = "line s\(Stylesheet.seriesCount - 1)"
        return names
            + [(meaning.solid, grey), (meaning.dashed, grey + " dashed")].map { text, style in
                Legend.Entry(name: text, keyWidth: 28) { x, y in [.line(style, x - 14, y, x + 14, y)] }
            }
    }

    package func draw() -> Drawing {
        let width = PanelLayout.width(panels: panels.count)
        let legend = Legend.draw(entries, x: 8, y: 2, width: width - 16)
        let layout = PanelLayout(titles: panels.map(\.title), x: x, y: y, top: legend.height + 4)
        let points = panels.flatMap(\.series).flatMap(\.points)
        let ends = points.flatMap { [$0.y - ($0.error ?? 0), $0.y + ($0.error ?? 0)] }
        var parts = legend.parts + layout.draw()
        for (box, panel) in zip(layout.boxes, panels) {
            let frame = PlotFrame(box, x: x, y: y, fitting: (points.map(\.x), ends))
            parts += frame.draw()
            for series in panel.series { parts += draw(series, frame) }
        }
        return Drawing(width: layout.width, height: layout.height, parts: parts)
    }

    private static func style(_ series: Series) -> String {
        "line s\(series.colour % Stylesheet.seriesCount)" + (series.isDashed ? " dashed" : "")
    }

    private func draw(_ series: Series, _ frame: PlotFrame) -> [Markup] {
        var parts: [Markup] = []
        // Nothing joins the points on both sides of a break of the axis.
        let joined = series.points.filter { $0.x.isFinite && ($0.x > 0 || x.kind == .linear) }
        if hasBands { parts += band(joined, series.colour, frame) }
        let places = joined.compactMap { frame.place($0.x, $0.y) }.map { "\($0.x.coordinate) \($0.y.coordinate)" }
        if places.count > 1 {
            parts.append(.tag("path", ["class": Self.style(series), "d": "M" + places.joined(separator: "L")]))
        }
        guard hasMarks else { return parts }
        for point in series.points {
            guard let place = frame.place(point.x, point.y) else { continue }
            if !hasBands, let error = point.error, error > 0 {
                parts += bar(place.x, point.y, error, series.colour, frame)
            }
            let mark = Mark.draw(series.colour, x: place.x, y: place.y, isHollow: series.isDashed)
            let error = point.error.map { " ± " + Tick.short($0) } ?? ""
            let text = "\(series.name): \(Tick.short(point.y))\(error) at \(Tick.short(point.x))"
            parts.append(.tag("g", [:], [.tag("title", [:], text), mark]))
        }
        return parts
    }

    /// From y − error to y + error, cut at the frame.
    private func band(_ points: [Point], _ colour: Int, _ frame: PlotFrame) -> [Markup] {
        let corners = points.compactMap { point -> (x: Double, low: Double, high: Double)? in
            let (low, high) = ends(point.y, point.error ?? 0, frame)
            guard let x = frame.x.position(point.x), let bottom = frame.y.position(low),
                let top = frame.y.position(high)
            else { return nil }
            return (x, bottom, top)
        }
        guard corners.count > 1, points.contains(where: { ($0.error ?? 0) > 0 }) else { return [] }
        let outline =
            corners.map { "\($0.x.coordinate) \($0.high.coordinate)" }
            + corners.reversed().map { "\($0.x.coordinate) \($0.low.coordinate)" }
        let style = "band f\(colour % Stylesheet.seriesCount)"
        return [.tag("path", ["class": style, "d": "M" + outline.joined(separator: "L") + "Z"])]
    }

    private func ends(_ y: Double, _ error: Double, _ frame: PlotFrame) -> (low: Double, high: Double) {
        (max(y - error, frame.y.domain.lowerBound), min(y + error, frame.y.domain.upperBound))
    }

    private func bar(_ place: Double, _ y: Double, _ error: Double, _ colour: Int, _ frame: PlotFrame) -> [Markup] {
        let (low, high) = ends(y, error, frame)
        guard let bottom = frame.y.position(low), let top = frame.y.position(high) else { return [] }
        let style = "s\(colour % Stylesheet.seriesCount)"
        return [
            .line(style, place, bottom, place, top), .line(style, place - 3, bottom, place + 3, bottom),
            .line(style, place - 3, top, place + 3, top),
        ]
    }
}
