import Compute
import TestSupport
import Testing

/// Windows of convolutions and poolings against plain loops over pixels, on both backends.
@Suite struct WindowOperationTests {
    struct Case: Sendable, CustomStringConvertible {
        let shape: ImageShape
        let window: Window
        let images: Int

        var description: String {
            "\(images) × \(shape.height) × \(shape.width) × \(shape.channels), \(window.height) × \(window.width), "
                + "stride \(window.strideY) × \(window.strideX), \(window.padding)"
        }

        var rows: Int { images * window.outputHeight(shape.height) * window.outputWidth(shape.width) }

        /// Calls `body` with the index of each tap in [rows, taps] and its pixel's in the images; nil outside them.
        func taps(_ body: (_ tap: Int, _ pixel: Int?) -> Void) {
            let (height, width) = (shape.height, shape.width)
            let (rows, columns) = (window.outputHeight(height), window.outputWidth(width))
            func pixel(_ position: Int, _ size: Int) -> Int? {
                if window.padding == .circular { return (position + 10 * size) % size }
                return (0..<size).contains(position) ? position : nil
            }
            var tap = 0
            for image in 0..<images {
                for row in 0..<rows {
                    for column in 0..<columns {
                        for ky in 0..<window.height {
                            for kx in 0..<window.width {
                                let y = pixel(row * window.strideY + ky - window.paddingY(height).front, height)
                                let x = pixel(column * window.strideX + kx - window.paddingX(width).front, width)
                                if let y, let x { body(tap, (image * height + y) * width + x) } else { body(tap, nil) }
                                tap += 1
                            }
                        }
                    }
                }
            }
        }
    }

    static let cases: [Case] =
        Window.Padding.allCases.flatMap { padding in
            [
                (ImageShape(height: 1, width: 1, channels: 1), (1, 1), (1, 1), 1),
                (ImageShape(height: 5, width: 7, channels: 3), (3, 2), (1, 1), 2),
                (ImageShape(height: 8, width: 6, channels: 1), (3, 3), (2, 2), 3),
                (ImageShape(height: 4, width: 9, channels: 5), (2, 4), (3, 2), 1),
                (ImageShape(height: 3, width: 3, channels: 2), (3, 3), (1, 2), 2),
                // Many pixels: several parts and groups.
                (ImageShape(height: 37, width: 41, channels: 2), (3, 3), (1, 1), 5),
            ].map { shape, size, stride, images in
                Case(
                    shape: shape,
                    window: Window(
                        height: size.0, width: size.1, strideY: stride.0, strideX: stride.1, padding: padding),
                    images: images)
            }
        } + [
            // Larger than the image: a circle is gone round more than once.
            Case(
                shape: ImageShape(height: 2, width: 3, channels: 2),
                window: Window(height: 5, width: 7, strideY: 1, strideX: 1, padding: .circular), images: 2)
        ]

    /// Numbers of quarters: sums of them are exact in either precision.
    private static func numbers(_ count: Int, _ seed: UInt64) -> [Double] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in Double(Int.random(in: -8...8, using: &generator)) / 4 }
    }

    @Test(arguments: cases, NetworkBackend.available)
    func layingOutAndGathering(of example: Case, on backend: NetworkBackend) throws {
        let backend = try backend.make()
        let channels = example.shape.channels
        let count = example.rows * example.window.count * channels
        let (offset, size) = (3, example.images * example.shape.count)
        let images = Self.numbers(offset + size, 1)
        let columns = Self.numbers(count, 2)
        var laidOut = [Double](repeating: 0, count: count)
        var gathered = images
        for index in offset..<offset + size { gathered[index] = 0 }
        example.taps { tap, pixel in
            guard let pixel else { return }
            for channel in 0..<channels {
                laidOut[tap * channels + channel] = images[offset + pixel * channels + channel]
                gathered[offset + pixel * channels + channel] += columns[tap * channels + channel]
            }
        }
        for precision in Precision.allCases {
            let target = try backend.upload([Double](repeating: .nan, count: count), as: precision)
            try backend.run(
                .im2col(
                    columns: target, images: backend.upload(images, as: precision), offset: offset,
                    shape: example.shape, window: example.window, count: example.images))
            #expect(try backend.download(target) == laidOut)
            let sums = try backend.upload(images, as: precision)
            try backend.run(
                .col2im(
                    images: sums, columns: backend.upload(columns, as: precision), offset: offset,
                    shape: example.shape, window: example.window, count: example.images))
            #expect(try backend.download(sums) == gathered)
        }
    }

    @Test(arguments: cases, NetworkBackend.available)
    func pooling(of example: Case, on backend: NetworkBackend) throws {
        let backend = try backend.make()
        let (channels, taps) = (example.shape.channels, example.window.count)
        let images = Self.numbers(example.images * example.shape.count, 3)
        let cotangent = Self.numbers(example.rows * channels, 4)
        var sums = [Double](repeating: 0, count: example.rows * channels)
        var sumReverse = [Double](repeating: 0, count: images.count)
        var largest = [Double](repeating: -.infinity, count: example.rows * channels)
        var choice = [Int?](repeating: nil, count: example.rows * channels)
        example.taps { tap, pixel in
            guard let pixel else { return }
            for channel in 0..<channels {
                let (from, to) = (pixel * channels + channel, tap / taps * channels + channel)
                sums[to] += 0.5 * images[from]
                sumReverse[from] += 0.5 * cotangent[to]
                if images[from] > largest[to] {
                    largest[to] = images[from]
                    choice[to] = from
                }
            }
        }
        let tangent = Self.numbers(images.count, 5)
        let maxTangent = choice.map { $0.map { tangent[$0] } ?? 0 }
        var maxReverse = [Double](repeating: 0, count: images.count)
        for (index, from) in choice.enumerated() { if let from { maxReverse[from] += cotangent[index] } }
        for precision in Precision.allCases {
            let source = try backend.upload(images, as: precision)
            let back = try backend.upload(cotangent, as: precision)
            let target = try backend.allocate(sums.count, precision)
            let pixels = try backend.allocate(images.count, precision)
            try backend.run(
                .sumPool(
                    target: target, images: source, scale: 0.5, shape: example.shape, window: example.window,
                    count: example.images))
            #expect(try backend.download(target) == sums)
            try backend.run(
                .sumPoolReverse(
                    images: pixels, cotangent: back, scale: 0.5, shape: example.shape, window: example.window,
                    count: example.images))
            #expect(try backend.download(pixels) == sumReverse)
            let choices = try backend.allocate(sums.count, precision)
            try backend.run(
                .maxPool(
                    target: target, choice: choices, images: source, shape: example.shape, window: example.window,
                    count: example.images))
            #expect(try backend.download(target) == largest)
            try backend.run(
                .maxPoolTangent(
                    target: target, choice: choices, images: backend.upload(tangent, as: precision),
                    shape: example.shape, window: example.window, count: example.images))
            #expect(try backend.download(target) == maxTangent)
            try backend.run(
                .maxPoolReverse(
                    images: pixels, cotangent: back, choice: choices, saved: example.images, shape: example.shape,
                    window: example.window, count: example.images))
            #expect(try backend.download(pixels) == maxReverse)
        }
    }
}
