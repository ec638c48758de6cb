/// A part of an SVG or HTML document. Texts and attributes are escaped where they are written, and nowhere else.
package indirect enum Markup: Sendable, Equatable {
    case element(String, [Attribute], [Markup])
    case text(String)

    package struct Attribute: Sendable, Equatable {
        let name: String
        let value: String
    }

    package static func tag(
        _ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ children: [Markup] = []
    ) -> Markup {
        .element(name, attributes.map { Attribute(name: $0.key, value: $0.value) }, children)
    }

    package static func tag(
        _ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ text: String
    ) -> Markup {
        tag(name, attributes, [.text(text)])
    }

    /// Valid both as XML and as HTML.
    package var rendered: String {
        var text = ""
        write(to: &text)
        return text
    }

    private func write(to text: inout String) {
        switch self {
        case .text(let content): Self.escape(content, isAttribute: false, to: &text)
        case .element(let name, let attributes, let children):
            text += "<" + name
            for attribute in attributes {
                text += " \(attribute.name)=\""
                Self.escape(attribute.value, isAttribute: true, to: &text)
                text += "\""
            }
            // HTML knows the short form for void elements and inside of SVG only.
            if children.isEmpty && Self.closesItself(name) {
                text += "/>"
            } else {
                text += ">"
                for child in children { child.write(to: &text) }
                text += "</\(name)>"
            }
            if Self.endsLine(name) { text += "\n" }
        }
    }

    private static func closesItself(_ name: String) -> Bool {
        ["meta", "img", "br", "rect", "line", "path", "circle", "image", "use"].contains(name)
    }

    /// One block a line, so that versions of a file can be compared.
    private static func endsLine(_ name: String) -> Bool {
        !["text", "tspan", "span", "code", "td", "th", "a", "b", "title", "strong", "small"].contains(name)
    }

    private static func escape(_ content: String, isAttribute: Bool, to text: inout String) {
        for scalar in content.unicodeScalars {
            switch scalar {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"" where isAttribute: text += "&quot;"
            case "\t", "\n": text.unicodeScalars.append(scalar)
            // What XML has no place for.
            case "\u{0}"..<" ", "\u{7F}"..<"\u{A0}", "\u{FFFE}", "\u{FFFF}": text += "\u{FFFD}"
            default: text.unicodeScalars.append(scalar)
            }
        }
    }
}

extension Double {
    /// A coordinate: at most two decimals.
    var coordinate: String {
        let rounded = (self * 100).rounded() / 100
        return rounded == rounded.rounded() ? String(Int(rounded)) : "\(rounded)"
    }
}
