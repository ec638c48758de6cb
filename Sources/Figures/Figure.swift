import Foundation

/// What a figure shows: drawn here, or handed on as data.
package protocol FigureContent: Sendable {
    /// Without title and caption.
    func draw() -> Drawing
    /// The content as Vega-Lite 5, with the data inline and without title.
    var vegaLite: JSONValue { get }
    /// The panels as one picture, where there are any.
    var panels: PixelImage? { get }
}

extension FigureContent {
    package var panels: PixelImage? { nil }
}

/// One figure with its caption.
package struct Figure: Sendable {
    /// Stem of its files.
    package let name: String
    package let title: String
    /// What is shown, and on which data, with which n, ε and device.
    package let caption: String
    package let content: any FigureContent

    package init(name: String, title: String, caption: String, content: any FigureContent) {
        self.name = name
        self.title = title
        self.caption = caption
        self.content = content
    }

    /// For a page that has the rules of ``Stylesheet`` and shows the caption itself.
    package var inline: Markup {
        let drawing = content.draw()
        return svg(drawing.width, drawing.height, drawing.parts, isStandalone: false)
    }

    /// In CSS pixels.
    package var width: Double { content.draw().width }

    /// A file of its own, with title and caption in the picture.
    package var document: String {
        let drawing = content.draw()
        let width = max(drawing.width, 420)
        let titles = TextWidth.wrap(title, size: 15, width: width - 16)
        let head = 14 + 18 * Double(titles.count)
        let lines = TextWidth.wrap(caption, size: 11, width: width - 16)
        let height = head + drawing.height + 16 + 15 * Double(lines.count) + 6
        var parts = [Markup.rect("ground", Box(x: 0, y: 0, width: width, height: height))]
        for (index, line) in titles.enumerated() {
            parts.append(.label(line, x: 8, y: 20 + 18 * Double(index), style: "title"))
        }
        parts.append(.tag("g", ["transform": "translate(0 \(head.coordinate))"], drawing.parts))
        for (index, line) in lines.enumerated() {
            let y = head + drawing.height + 20 + 15 * Double(index)
            parts.append(.label(line, x: 8, y: y, style: "small muted"))
        }
        let style = Markup.tag("style", [:], Stylesheet.properties(of: ":root") + Stylesheet.figures)
        return svg(width, height, [style] + parts, isStandalone: true).rendered
    }

    private func svg(_ width: Double, _ height: Double, _ parts: [Markup], isStandalone: Bool) -> Markup {
        let size = (width: width.rounded(.up).coordinate, height: height.rounded(.up).coordinate)
        let namespace: [Markup.Attribute] =
            isStandalone ? [.init(name: "xmlns", value: "http://www.w3.org/2000/svg")] : []
        let attributes: KeyValuePairs = [
            "class": "ntk-figure", "role": "img", "viewBox": "0 0 \(size.width) \(size.height)",
            "width": size.width, "height": size.height, "aria-labelledby": "\(name)-title \(name)-desc",
        ]
        return .element(
            "svg", namespace + attributes.map { .init(name: $0.key, value: $0.value) },
            [
                .tag("title", ["id": "\(name)-title"], title), .tag("desc", ["id": "\(name)-desc"], caption),
            ] + parts)
    }

    /// A Vega-Lite document.
    package var vegaLite: JSONValue {
        content.vegaLite.adding([
            "$schema": "https://vega.github.io/schema/vega-lite/v5.json", "title": .text(title),
            "description": .text(caption),
        ])
    }
}
