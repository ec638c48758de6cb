import Compute

/// Where the numbers of a point lie: an image [H, W, C], or one row of d numbers.
struct PixelGrid: Sendable {
    /// A rectangle of pixels.
    struct Window: Sendable {
        let rows: Range<Int>
        let columns: Range<Int>
    }

    let height: Int
    let width: Int
    let channels: Int

    /// - Parameter shape: of one point, [H, W, C] or [d].
    init(_ shape: [Int]) {
        (height, width, channels) = shape.count == 3 ? (shape[0], shape[1], shape[2]) : (1, shape.reduce(1, *), 1)
    }

    func index(_ row: Int, _ column: Int, _ channel: Int) -> Int { (row * width + column) * channels + channel }

    /// Positions of one channel of a window, row by row.
    func indices(_ window: Window, _ channel: Int) -> [Int] {
        window.rows.flatMap { row in window.columns.map { index(row, $0, channel) } }
    }

    /// A random square that covers a share of the pixels; a piece of the row where there is only one.
    /// - Parameter minimum: of its side. An even side is made odd where the minimum is above 1.
    func window(share: Double, minimum: Int, using generator: inout SplitMix64) -> Window {
        let pixels = share * Double(height * width)
        var side = max(Int((height == 1 ? pixels : pixels.squareRoot()).rounded()), minimum)
        if minimum > 1 && side.isMultiple(of: 2) { side += 1 }
        let (rows, columns) = (min(side, height), min(side, width))
        let row = Int.random(in: 0...height - rows, using: &generator)
        let column = Int.random(in: 0...width - columns, using: &generator)
        return Window(rows: row..<row + rows, columns: column..<column + columns)
    }

    /// Squares of a `count`-th of the height side by side, `count` of them along each side of a square image.
    func tiles(_ count: Int) -> [Window] {
        let side = max((height == 1 ? width : height) / count, 1)
        let (rows, columns) = (min(side, height), min(side, width))
        return (0..<height / rows).flatMap { row in
            (0..<width / columns).map { column in
                Window(rows: row * rows..<(row + 1) * rows, columns: column * columns..<(column + 1) * columns)
            }
        }
    }
}
