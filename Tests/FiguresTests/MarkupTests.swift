import Testing

@testable import Figures

@Suite struct MarkupTests {
    @Test func everythingIsEscapedWhereItIsWritten() {
        let part = Markup.tag("p", ["title": "a \"b\" & <c>"], "1 < 2 && \"quoted\" </p><script>alert(1)</script>")
        #expect(
            part.rendered
                == "<p title=\"a &quot;b&quot; &amp; &lt;c&gt;\">1 &lt; 2 &amp;&amp; \"quoted\" &lt;/p&gt;&lt;script&gt;"
                + "alert(1)&lt;/script&gt;</p>\n")
    }

    @Test func whatXMLHasNoPlaceForIsReplaced() throws {
        let part = Markup.tag("text", [:], "a\u{0}b\u{1B}c\u{FFFE}d\ne∞")
        #expect(part.rendered == "<text>a\u{FFFD}b\u{FFFD}c\u{FFFD}d\ne∞</text>")
        #expect(try Document(part.rendered).texts["text"] == ["a\u{FFFD}b\u{FFFD}c\u{FFFD}d\ne∞"])
    }

    @Test func onlyVoidElementsCloseThemselves() {
        #expect(Markup.tag("meta", ["charset": "utf-8"], [Markup]()).rendered == "<meta charset=\"utf-8\"/>\n")
        #expect(Markup.tag("div", [:], [Markup]()).rendered == "<div></div>\n")
    }

    @Test func coordinates() {
        #expect([1.0, 0.125, -3.14159, 1e-9].map(\.coordinate) == ["1", "0.13", "-3.14", "0"])
    }
}
