/// The axes of one panel.
struct PlotFrame: Sendable {
    let box: Box
    let x: Scale
    let y: Scale

    /// - Parameter values: those that have to fit on either axis.
    init(_ box: Box, x: Axis, y: Axis, fitting values: (x: [Double], y: [Double])) {
        self.box = box
        self.x = Scale(x, fitting: values.x, from: box.x, to: box.right)
        self.y = Scale(y, fitting: values.y, from: box.bottom, to: box.y)
    }

    /// Place of a point, nil where it is beyond the axes.
    func place(_ x: Double, _ y: Double) -> (x: Double, y: Double)? {
        guard let h = self.x.position(x), let v = self.y.position(y) else { return nil }
        let isInside =
            h >= box.x - 0.5 && h <= box.right + 0.5 && v >= box.y - 0.5 && v <= box.bottom + 0.5
        return isInside ? (h, v) : nil
    }

    /// Grid, frame, marks and their labels.
    func draw() -> [Markup] {
        var parts: [Markup] = []
        for tick in y.ticks(room: 32) {
            guard let place = y.position(tick.value) else { continue }
            guard let label = tick.label else {
                parts.append(.line("edge", box.x - 3, place, box.x, place))
                continue
            }
            parts.append(.line("grid", box.x, place, box.right, place))
            parts.append(.line("edge", box.x - 5, place, box.x, place))
            parts.append(.label(label, x: box.x - 8, y: place + 4, .end))
        }
        for tick in x.ticks(room: 42) {
            guard let place = x.position(tick.value) else { continue }
            guard let label = tick.label else {
                parts.append(.line("edge", place, box.bottom, place, box.bottom + 3))
                continue
            }
            parts.append(.line("grid", place, box.y, place, box.bottom))
            parts.append(.line("edge", place, box.bottom, place, box.bottom + 5))
            parts.append(.label(label, x: place, y: box.bottom + 18, .middle))
        }
        parts.append(.line("edge", box.x, box.y, box.x, box.bottom))
        parts.append(.line("edge", box.x, box.bottom, box.right, box.bottom))
        for place in x.breaks {
            for shift in [-2.5, 2.5] {
                parts.append(.line("edge", place + shift - 2, box.bottom + 4, place + shift + 2, box.bottom - 4))
            }
        }
        return parts
    }
}
