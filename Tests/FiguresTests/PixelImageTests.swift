import Foundation
import Testing

@testable import Figures

@Suite struct PixelImageTests {
    @Test(arguments: [1, 3], [(1, 1), (28, 28), (5, 3)])
    func filesAreReadBack(channels: Int, size: (Int, Int)) throws {
        var state: UInt8 = 7
        let pixels = (0..<size.0 * size.1 * channels).map { _ in
            state = state &* 181 &+ 59
            return state
        }
        let image = PixelImage(width: size.0, height: size.1, channels: channels, pixels: pixels)
        #expect(image.png.starts(with: [0x89, 0x50, 0x4E, 0x47]))
        let known = try #require(PixelImage(png: image.png))
        #expect(known.width == size.0 && known.height == size.1)
        for y in 0..<size.1 { for x in 0..<size.0 { #expect(known.colour(x: x, y: y) == image.colour(x: x, y: y)) } }
    }

    @Test func damagedFilesAreRefused() {
        let file = PixelImage(width: 8, height: 8, channels: 1, pixels: Array(repeating: 9, count: 64)).png
        #expect(PixelImage(png: Data()) == nil)
        #expect(PixelImage(png: file.prefix(file.count / 2)) == nil)
        #expect(PixelImage(png: Data("GIF89a".utf8)) == nil)
    }

    @Test func photographsSpanBlackToWhite() {
        let image = PixelImage(values: [0, 0.5, 1, -3, 7, 1], shape: [1, 2, 3], range: 0...1)
        #expect(image.pixels == [0, 128, 255, 0, 255, 255])
    }

    @Test func signedNumbersAreSymmetric() {
        let grey = PixelImage(signed: [-2, -1, 0, 1, 2, 9], shape: [1, 6, 1], scale: 2)
        #expect(grey.channels == 3)
        #expect(grey.colour(x: 0, y: 0) == [33, 102, 172] && grey.colour(x: 1, y: 0) == [146, 197, 222])
        #expect(grey.colour(x: 2, y: 0) == [247, 247, 247] && grey.colour(x: 4, y: 0) == [178, 24, 43])
        // Beyond the end of the scale there is no other colour.
        #expect(grey.colour(x: 5, y: 0) == grey.colour(x: 4, y: 0))
        let colours = PixelImage(signed: [-1, 0, 1], shape: [1, 1, 3], scale: 1)
        #expect(colours.pixels == [0, 128, 255])
        // All zero has no scale of its own.
        #expect(PixelImage(signed: [0, 0, 0], shape: [1, 1, 3], scale: 0).pixels == [128, 128, 128])
    }
}
