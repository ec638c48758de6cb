/// Parts of a picture, and the room that they take.
package struct Drawing: Sendable {
    var width: Double
    var height: Double
    var parts: [Markup]
}

/// A rectangle in units of the picture, one CSS pixel each.
struct Box: Sendable {
    var x: Double
    var y: Double
    var width: Double
    var height: Double

    var right: Double { x + width }
    var bottom: Double { y + height }
}

enum Anchor: String {
    case start, middle, end
}

extension Markup {
    static func line(_ style: String, _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double) -> Markup {
        tag(
            "line",
            [
                "class": style, "x1": x1.coordinate, "y1": y1.coordinate, "x2": x2.coordinate, "y2": y2.coordinate,
            ])
    }

    static func rect(_ style: String, _ box: Box) -> Markup {
        tag(
            "rect",
            [
                "class": style, "x": box.x.coordinate, "y": box.y.coordinate, "width": box.width.coordinate,
                "height": box.height.coordinate,
            ])
    }

    static func label(
        _ content: String, x: Double, y: Double, _ anchor: Anchor = .start, style: String = ""
    ) -> Markup {
        tag("text", position(x, y, anchor, style), content)
    }

    /// Upwards, for the title of a vertical axis.
    static func upright(_ content: String, x: Double, y: Double) -> Markup {
        tag(
            "text",
            ["text-anchor": "middle", "transform": "translate(\(x.coordinate) \(y.coordinate)) rotate(-90)"],
            content)
    }

    static func label(_ tick: Tick.Label, x: Double, y: Double, _ anchor: Anchor) -> Markup {
        switch tick {
        case .plain(let content): label(content, x: x, y: y, anchor, style: "small muted")
        case .power(let exponent):
            tag(
                "text", position(x, y, anchor, "small muted"),
                [
                    .text("10"),
                    tag(
                        "tspan", ["dy": "-4", "font-size": "8"],
                        exponent < 0 ? "\u{2212}\(-exponent)" : "\(exponent)"),
                ])
        }
    }

    private static func position(
        _ x: Double, _ y: Double, _ anchor: Anchor, _ style: String
    ) -> KeyValuePairs<String, String> {
        ["class": style, "x": x.coordinate, "y": y.coordinate, "text-anchor": anchor.rawValue]
    }
}
