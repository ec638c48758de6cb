/// Keys and names in rows that fit the width of a picture.
enum Legend {
    struct Entry: Sendable {
        let name: String
        /// Room that the key takes.
        let keyWidth: Double
        /// Draws the key around the given middle.
        let key: @Sendable (_ x: Double, _ y: Double) -> [Markup]
    }

    static let rowHeight = 20.0

    static func draw(_ entries: [Entry], x: Double, y: Double, width: Double) -> Drawing {
        var parts: [Markup] = []
        var (left, row) = (x, 0)
        for entry in entries {
            let length = entry.keyWidth + 6 + TextWidth.of(entry.name, size: 12)
            if left > x, left + length > x + width {
                left = x
                row += 1
            }
            let middle = y + Double(row) * rowHeight + 8
            parts += entry.key(left + entry.keyWidth / 2, middle)
            parts.append(.label(entry.name, x: left + entry.keyWidth + 6, y: middle + 4))
            left += length + 18
        }
        return Drawing(
            width: width, height: entries.isEmpty ? 0 : Double(row + 1) * rowHeight + 6, parts: parts)
    }
}
