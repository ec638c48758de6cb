import Foundation

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// An XML document as a parser of the system's reads it.
final class Document: NSObject, XMLParserDelegate {
    struct Damage: Error { let line: Int }

    /// Attributes of the elements of each name, in order.
    private(set) var elements: [String: [[String: String]]] = [:]
    /// Texts inside the elements of each name, in order.
    private(set) var texts: [String: [String]] = [:]
    private var open: [(name: String, text: String)] = []

    /// - Throws: `Damage` where the text is not well-formed.
    init(_ text: String) throws {
        super.init()
        let parser = XMLParser(data: Data(text.utf8))
        parser.delegate = self
        guard parser.parse() else { throw Damage(line: parser.lineNumber) }
    }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String] = [:]
    ) {
        elements[name, default: []].append(attributes)
        open.append((name, ""))
    }

    func parser(_ parser: XMLParser, foundCharacters text: String) {
        for place in open.indices { open[place].text += text }
    }

    func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
        if let last = open.popLast() { texts[last.name, default: []].append(last.text) }
    }
}
