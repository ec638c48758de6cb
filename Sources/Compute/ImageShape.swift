/// Numbers of one point of a batch as a finite net sees them: an image, or a vector as an image of one pixel.
package struct ImageShape: Sendable, Hashable {
    package let height: Int
    package let width: Int
    package let channels: Int

    package init(height: Int = 1, width: Int = 1, channels: Int) {
        precondition(height > 0 && width > 0 && channels > 0, "an image of \(height) × \(width) × \(channels)")
        self.height = height
        self.width = width
        self.channels = channels
    }

    package var pixels: Int { height * width }
    /// Numbers per point.
    package var count: Int { pixels * channels }
    package var isVector: Bool { pixels == 1 }
}

extension Window {
    /// What the window makes of an image, channel by channel; nil where it does not fit.
    package func output(of image: ImageShape) -> ImageShape? {
        let (height, width) = (outputHeight(image.height), outputWidth(image.width))
        return height > 0 && width > 0 ? ImageShape(height: height, width: width, channels: image.channels) : nil
    }
}
