import Foundation
import Testing

@testable import Figures

/// What every kind of figure has to be: sound XML, readable by all, and the same numbers as data.
@Suite struct FigureTests {
    private static let names = ["fc-1", "conv-gap-2 <&>"]

    private static let curves = LineChart(
        x: Axis("t", .log), y: .percent("Accuracy"),
        panels: names.map { name in
            .init(
                name,
                [
                    .init("Clean", colour: 0, [.init(1, 52.5, error: 2.5), .init(10, 81.25), .init(.infinity, 83)]),
                    .init("Clean", colour: 0, isDashed: true, [.init(0, 50), .init(1, 12.125)]),
                ])
        }, meaning: (solid: "clean", dashed: "under attack"))

    private static let bullets = ScatterChart(
        x: Axis("Usefulness"), y: Axis("Robustness"), magnitude: "Eigenvalue",
        panels: names.map { .init($0, points, thresholds: (50, 40)) }, hasDiagonal: true)

    private static let points = (0..<20).map { index in
        ScatterChart.Point(
            50 + Double(index), 45 - 2 * Double(index), magnitude: 1000 * pow(0.5, Double(index)),
            name: "feature \(index)")
    }

    private static let table = HeatMap(
        rows: names, columns: names, values: [[1, 0.25], [nil, -0.5]], title: "cosine", domain: -1...1)

    private static let image = PixelImage(signed: [-1, 0, 0.5, 1], shape: [2, 2, 1], scale: 1)

    private static let grid = ImageGrid(
        columns: [.init("Image"), .init("Part\n48 %", sign: "=")], rows: ["0", "1"],
        cells: [[.init(image), .init(image, notes: ["±1", "3 %"])], [nil, .init(image)]])

    private static let bands = LineChart(
        x: Axis("Epoch"), y: Axis("Cosine", domain: 0...1),
        panels: [
            .init("", [.init("wide", colour: 1, [.init(0, 1), .init(1, 0.75, error: 0.5), .init(2, 0.5, error: 0.1)])])
        ],
        hasBands: true)

    private static let course = PolarChart(
        radius: "r",
        panels: names.map { name in
            .init(name, (0..<5).map { .init(radius: Double($0) / 4, angle: Double($0) / 5, name: "epoch \($0)") })
        })

    static let all = [
        Figure(name: "curves", title: "Curves", caption: "n = 2,000 & ε < 1", content: curves),
        Figure(name: "bullets", title: "Bullets", caption: "c", content: bullets),
        Figure(name: "table", title: "Table", caption: "c", content: table),
        Figure(name: "grid", title: "\"Grid\"", caption: "c", content: grid),
        Figure(name: "bands", title: "Bands", caption: "c", content: bands),
        Figure(name: "course", title: "Course", caption: "c", content: course),
    ]

    @Test(arguments: all.indices) func documents(index: Int) throws {
        let figure = Self.all[index]
        let document = try Document(figure.document)
        #expect(document.texts["title"]?.first == figure.title && document.texts["desc"] == [figure.caption])
        #expect(document.elements["svg"]?.first?["role"] == "img")
        #expect(document.elements["script"] == nil)
        let style = try #require(document.texts["style"]?.first)
        #expect(style.contains("prefers-color-scheme:dark") && style.contains("image-rendering:pixelated"))
        // Every address is inside the document.
        let addresses = document.elements.values.flatMap { $0 }.compactMap { $0["href"] }
        #expect(addresses.allSatisfy { $0.hasPrefix("data:image/png;base64,") })
        // The part for pages brings no style of its own.
        #expect(try Document(figure.inline.rendered).elements["style"] == nil)
    }

    @Test(arguments: all.indices) func everythingLiesInside(index: Int) throws {
        let figure = Self.all[index]
        let document = try Document(figure.document)
        let size = try #require(
            document.elements["svg"]?.first?["viewBox"]?.split(separator: " ").compactMap { Double($0) })
        for name in ["circle", "rect", "text", "image", "line"] {
            for element in document.elements[name] ?? [] {
                for (key, limit) in [("x", size[2]), ("cx", size[2]), ("x2", size[2]), ("y", size[3]), ("y2", size[3])]
                {
                    guard let place = element[key].flatMap(Double.init) else { continue }
                    #expect(place >= 0 && place <= limit, "\(name) \(key) \(place)")
                }
            }
        }
    }

    private func rows(_ figure: Figure) throws -> [[String: Any]] {
        let object = try #require(try JSONSerialization.jsonObject(with: figure.vegaLite.bytes) as? [String: Any])
        #expect(object["$schema"] as? String == "https://vega.github.io/schema/vega-lite/v5.json")
        #expect(object["title"] as? String == figure.title && object["description"] as? String == figure.caption)
        return try #require((object["data"] as? [String: Any])?["values"] as? [[String: Any]])
    }

    @Test func curvesAsData() throws {
        let rows = try rows(Self.all[0])
        #expect(rows.count == 10)
        #expect(rows[0]["panel"] as? String == "fc-1" && rows[0]["series"] as? String == "Clean")
        #expect(rows[0]["x"] as? Double == 1 && rows[0]["y"] as? Double == 52.5)
        #expect(rows[0]["low"] as? Double == 50 && rows[0]["high"] as? Double == 55)
        // JSON has no infinity.
        #expect(rows[2]["x"] is NSNull && rows[2]["x_text"] as? String == "inf" && rows[2]["y"] as? Double == 83)
        #expect(rows[3]["line"] as? String == "under attack" && rows[4]["y"] as? Double == 12.125)
    }

    @Test func bulletsAsData() throws {
        let rows = try rows(Self.all[1])
        #expect(rows.count == 40)
        for (row, point) in zip(rows, Self.points) {
            #expect(row["x"] as? Double == point.x && row["y"] as? Double == point.y)
            #expect(row["magnitude"] as? Double == point.magnitude && row["name"] as? String == point.name)
        }
    }

    @Test func tablesAndImagesAsData() throws {
        let cells = try rows(Self.all[2])
        #expect(cells.compactMap { $0["value"] as? Double } == [1, 0.25, -0.5])
        let images = try rows(Self.all[3])
        #expect(images.count == 3)
        let address = try #require(images[0]["image"] as? String)
        let file = try #require(Data(base64Encoded: String(address.dropFirst("data:image/png;base64,".count))))
        #expect(PixelImage(png: file) == Self.image)
    }

    @Test func largerMagnitudesAreLargerAndFurtherFromTheGround() throws {
        let document = try Document(Self.all[1].document)
        // The first panel's, behind those of the legend; drawn from the largest on.
        let drawn = try #require(document.elements["circle"])[4..<24]
        let radii = drawn.compactMap { $0["r"].flatMap(Double.init) }
        #expect(radii == radii.sorted(by: >) && radii.first == 11 && radii.last == 2.6)
        #expect(drawn.first?["class"] == "bullet shade7" && drawn.last?["class"] == "bullet shade0")
    }

    @Test func seriesOfOneNameShareAKey() throws {
        let texts = try #require(try Document(Self.all[0].document).texts["text"])
        #expect(texts.count { $0 == "Clean" } == 1)
        #expect(texts.contains("clean") && texts.contains("under attack") && texts.contains("∞"))
    }

    @Test func panelsOnOneSheet() throws {
        let sheet = try #require(Self.grid.panels)
        // Two columns and rows of 128 pixels and three gaps of 8.
        #expect(sheet.width == 280 && sheet.height == 280)
        #expect(sheet.colour(x: 8, y: 8) == Self.image.colour(x: 0, y: 0))
        #expect(sheet.colour(x: 8, y: 150) == [255, 255, 255])
        #expect(sheet.colour(x: 271, y: 271) == Self.image.colour(x: 1, y: 1))
        #expect(Self.curves.panels == nil)
    }

    @Test func errorsAsBands() throws {
        let document = try Document(Self.all[4].document)
        let band = try #require(document.elements["path"]?.first { $0["class"] == "band f1" })
        // Upper and lower corners of three points; the upper one of the second is cut at the frame.
        #expect(band["d"]?.split(separator: "L").count == 6 && band["d"]?.hasSuffix("Z") == true)
        let rows = try rows(Self.all[4])
        #expect(rows.compactMap { $0["high"] as? Double } == [1.25, 0.6])
    }

    @Test func coursesAsData() throws {
        let rows = try rows(Self.all[5])
        #expect(rows.count == 10)
        for (place, row) in rows.prefix(5).enumerated() {
            let (radius, angle) = (Double(place) / 4, Double(place) / 5)
            let (x, y) = try (#require(row["x"] as? Double), #require(row["y"] as? Double))
            #expect(abs(x - radius * cos(angle)) < 1e-12 && abs(y - radius * sin(angle)) < 1e-12)
        }
        // Early points are far from the ground, late ones near it.
        let bullets = try #require(try Document(Self.all[5].document).elements["circle"]).compactMap { $0["class"] }
        #expect(bullets.first == "bullet shade7" && bullets.last == "bullet shade0")
    }

    @Test func matricesAsPictures() {
        let picture = PixelImage(matrix: [0, 1, 0.5, 2], height: 2, width: 2, range: 0...1)
        #expect(picture.colour(x: 0, y: 0) == [68, 1, 84])
        #expect(picture.colour(x: 1, y: 0) == [253, 231, 37] && picture.colour(x: 1, y: 1) == [253, 231, 37])
        #expect(picture.colour(x: 0, y: 1) == [33, 144, 141])
    }
}
