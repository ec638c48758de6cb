import CPNG
import Foundation

extension PixelImage {
    /// The picture as a PNG file.
    package var png: Data {
        var image = png_image()
        image.version = png_uint_32(PNG_IMAGE_VERSION)
        image.width = png_uint_32(width)
        image.height = png_uint_32(height)
        image.format = channels == 1 ? ntk_png_format_grey() : ntk_png_format_rgb()
        // Room for any content: what cannot be compressed, and the frame of the file.
        var size = png_alloc_size_t(2 * pixels.count + 64 * height + 4096)
        var file = [UInt8](repeating: 0, count: Int(size))
        let isWritten = png_image_write_to_memory(&image, &file, &size, 0, pixels, 0, nil)
        precondition(isWritten != 0, "libpng refused a picture of \(width) × \(height)")
        return Data(file.prefix(Int(size)))
    }

    /// Reads a PNG file; nil where it is none. Its colours become 8-bit grey or red, green and blue.
    package init?(png file: Data) {
        var image = png_image()
        image.version = png_uint_32(PNG_IMAGE_VERSION)
        // libpng keeps the address between its two calls.
        let pixels = file.withUnsafeBytes { bytes -> [UInt8]? in
            guard png_image_begin_read_from_memory(&image, bytes.baseAddress, bytes.count) != 0 else { return nil }
            let isGrey = image.format & png_uint_32(PNG_FORMAT_FLAG_COLOR) == 0
            image.format = isGrey ? ntk_png_format_grey() : ntk_png_format_rgb()
            var pixels = [UInt8](repeating: 0, count: Int(image.width * image.height) * (isGrey ? 1 : 3))
            return png_image_finish_read(&image, nil, &pixels, 0, nil) != 0 ? pixels : nil
        }
        guard let pixels else { return nil }
        let (width, height) = (Int(image.width), Int(image.height))
        self.init(width: width, height: height, channels: pixels.count / (width * height), pixels: pixels)
    }

    /// For the `href` of an image element.
    var dataURI: String { "data:image/png;base64," + png.base64EncodedString() }
}
