import Compute

/// Images of bytes with their classes, as they stand in the files of one split.
struct LabelledImages: Sendable {
    /// Order of an image's bytes.
    enum Layout: Sendable {
        /// [H, W, C].
        case interleaved
        /// [C, H, W].
        case planes
    }

    /// [H, W, C].
    let shape: [Int]
    let layout: Layout
    /// Published class of each image.
    var labels: [Int]
    var pixels: [UInt8]

    private var imageSize: Int { shape.reduce(1, *) }

    /// Mean and population standard deviation over all bytes of some images; the sums are exact.
    func moments(of positions: [Int]) -> (mean: Double, deviation: Double) {
        var sum = 0
        var squares = 0
        pixels.withUnsafeBufferPointer { pixels in
            for position in positions {
                for i in position * imageSize..<(position + 1) * imageSize {
                    let value = Int(pixels[i])
                    sum += value
                    squares += value * value
                }
            }
        }
        let count = Double(max(positions.count * imageSize, 1))
        let mean = Double(sum) / count
        return (mean, (max(0, Double(squares) / count - mean * mean)).squareRoot())
    }

    /// Some images as inputs [n, H, W, C].
    func inputs(_ positions: [Int], scale: InputScale) -> Tensor<Double> {
        let table = (0...255).map { scale(Double($0)) }
        let size = imageSize
        let channels = shape[2]
        let area = shape[0] * shape[1]
        let elements = [Double](unsafeUninitializedCapacity: positions.count * size) { target, filled in
            pixels.withUnsafeBufferPointer { pixels in
                table.withUnsafeBufferPointer { table in
                    for (row, position) in positions.enumerated() {
                        let source = position * size
                        switch layout {
                        case .interleaved:
                            for i in 0..<size { target[row * size + i] = table[Int(pixels[source + i])] }
                        case .planes:
                            for c in 0..<channels {
                                for i in 0..<area {
                                    target[row * size + i * channels + c] = table[Int(pixels[source + c * area + i])]
                                }
                            }
                        }
                    }
                }
            }
            filled = positions.count * size
        }
        return Tensor(shape: [positions.count] + shape, elements: elements)
    }
}
