/// A picture of 8-bit pixels.
package struct PixelImage: Sendable, Equatable {
    package let width: Int
    package let height: Int
    /// 1 for grey, 3 for red, green and blue.
    package let channels: Int
    /// [height, width, channels].
    package let pixels: [UInt8]

    package init(width: Int, height: Int, channels: Int, pixels: [UInt8]) {
        precondition(channels == 1 || channels == 3, "\(channels) channels")
        precondition(pixels.count == width * height * channels, "\(pixels.count) numbers")
        self.width = width
        self.height = height
        self.channels = channels
        self.pixels = pixels
    }

    /// An image as the data set has it.
    /// - Parameters:
    ///   - values: [H, W, C] with C of 1 or 3.
    ///   - range: values of black and of white.
    package init(values: [Double], shape: [Int], range: ClosedRange<Double>) {
        let extent = max(range.upperBound - range.lowerBound, .leastNormalMagnitude)
        self.init(
            width: shape[1], height: shape[0], channels: shape[2],
            pixels: values.map { Self.byte(($0 - range.lowerBound) / extent) })
    }

    /// A gradient or a perturbation: zero in the middle, `scale` at either end.
    ///
    /// One channel becomes blue below, white at and red above zero; three channels lighten or darken mid-grey, each its
    /// own colour.
    package init(signed values: [Double], shape: [Int], scale: Double) {
        let scale = scale > 0 ? scale : 1
        let shares = values.map { min(1, max(-1, $0 / scale)) }
        let isGrey = shape[2] == 1
        self.init(
            width: shape[1], height: shape[0], channels: 3,
            pixels: isGrey ? shares.flatMap(Self.diverging) : shares.map { Self.byte((1 + $0) / 2) })
    }

    /// A matrix, a pixel for each number: dark for the lower end of `range`, light for the upper one.
    /// - Parameter values: [height, width].
    package init(matrix values: [Double], height: Int, width: Int, range: ClosedRange<Double>) {
        let extent = max(range.upperBound - range.lowerBound, .leastNormalMagnitude)
        self.init(
            width: width, height: height, channels: 3,
            pixels: values.flatMap { Self.mixed(Self.sequence, min(1, max(0, ($0 - range.lowerBound) / extent))) })
    }

    private static func byte(_ share: Double) -> UInt8 { UInt8((min(1, max(0, share)) * 255).rounded()) }

    /// Five colours from blue over white to red, of even lightness on both sides; ColorBrewer's RdBu.
    private static let stops: [[Double]] = [
        [33, 102, 172], [146, 197, 222], [247, 247, 247], [244, 165, 130], [178, 24, 43],
    ]

    private static func diverging(_ share: Double) -> [UInt8] { mixed(stops, (share + 1) / 2) }

    /// Nine colours of rising lightness that colour-blind readers tell apart; matplotlib's viridis.
    private static let sequence: [[Double]] = [
        [68, 1, 84], [71, 44, 122], [59, 81, 139], [44, 113, 142], [33, 144, 141], [39, 173, 129], [92, 200, 99],
        [170, 220, 50], [253, 231, 37],
    ]

    /// Between the colours of a list.
    /// - Parameter share: 0 for the first one, 1 for the last.
    private static func mixed(_ stops: [[Double]], _ share: Double) -> [UInt8] {
        let place = share * Double(stops.count - 1)
        let index = min(stops.count - 2, Int(place))
        let part = place - Double(index)
        return (0..<3).map { channel in
            let mixed = stops[index][channel] * (1 - part) + stops[index + 1][channel] * part
            return UInt8(mixed.rounded())
        }
    }

    /// Colour of a pixel.
    func colour(x: Int, y: Int) -> [UInt8] {
        let start = (y * width + x) * channels
        return channels == 3 ? Array(pixels[start..<start + 3]) : Array(repeating: pixels[start], count: 3)
    }
}
