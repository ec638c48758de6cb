import Compute
import TangentKernels

/// NNGP and NTK of a pair of images by the textbook recursion in Double on all pairs of pixels, for the pair and for
/// each image with itself: no planes, no reduced geometry. Clarity before speed.
package struct PlainImageCovariance: Sendable {
    private var height: Int
    private var width: Int
    /// K(x, x′) and Θ(x, x′), [pixel of x, pixel of x′].
    private var k: [Double]
    private var t: [Double]
    /// K(x, x) and K(x′, x′), [pixel, pixel].
    private var own1: [Double]
    private var own2: [Double]

    /// The covariances behind the last layer, for images [height, width, channels].
    package static func of(
        _ net: Architecture, _ x: [Double], _ y: [Double], height: Int, width: Int, channels: Int
    ) throws -> PlainCovariance {
        func products(_ a: [Double], _ b: [Double]) -> [Double] {
            let pixels = height * width
            return (0..<pixels * pixels).map { index in
                let (p, q) = (index / pixels * channels, index % pixels * channels)
                return (0..<channels).reduce(0) { $0 + a[p + $1] * b[q + $1] } / Double(channels)
            }
        }
        var images = PlainImageCovariance(
            height: height, width: width, k: products(x, y),
            t: [Double](repeating: 0, count: height * width * height * width),
            own1: products(x, x), own2: products(y, y))
        for layer in net.layers { try images.apply(layer) }
        guard images.pixels == 1 else { throw PlainCovarianceError(layer: "an image that is not read out") }
        return PlainCovariance(k: images.k[0], t: images.t[0], q1: images.own1[0], q2: images.own2[0])
    }

    private var pixels: Int { height * width }

    private mutating func apply(_ layer: any Layer) throws {
        switch layer {
        case let layer as Conv:
            let (w, b) = (layer.weightStd * layer.weightStd, layer.biasStd * layer.biasStd)
            let sites = sites(of: layer.window)
            func convolved(_ values: [Double]) -> [Double] {
                sums(of: values, sites, alongTheDiagonal: true).map { w * $0 / Double(layer.window.count) }
            }
            let weighted = convolved(t)
            (k, own1, own2) = (
                convolved(k).map { $0 + b }, convolved(own1).map { $0 + b }, convolved(own2).map { $0 + b }
            )
            t = zip(k, weighted).map { $0 + $1 }
            resize(layer.window)
        case let layer as AvgPool: pool(layer.window, scale: 1 / Double(layer.window.count * layer.window.count))
        case let layer as SumPool: pool(layer.window, scale: 1)
        case is Flatten:
            readOut { values, count in (0..<count).reduce(0) { $0 + values[$1 * (count + 1)] } / Double(count) }
        case is GlobalAvgPool: readOut { values, count in values.reduce(0, +) / Double(count * count) }
        case let layer as Residual:
            var other = self
            for inner in layer.main { try apply(inner) }
            for inner in layer.shortcut { try other.apply(inner) }
            func sum(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map { $0 + $1 } }
            (k, t, own1, own2) = (sum(k, other.k), sum(t, other.t), sum(own1, other.own1), sum(own2, other.own2))
        default: try applyToEveryEntry(layer)
        }
    }

    /// What acts on every pair of pixels alone.
    private mutating func applyToEveryEntry(_ layer: any Layer) throws {
        let before = self
        for p in 0..<pixels {
            for q in 0..<pixels {
                func entry(_ k: [Double], _ t: Double, _ first: [Double], _ second: [Double]) throws -> PlainCovariance
                {
                    var entry = PlainCovariance(
                        k: k[p * pixels + q], t: t, q1: first[p * (pixels + 1)], q2: second[q * (pixels + 1)])
                    try entry.apply(layer)
                    return entry
                }
                let index = p * pixels + q
                let pair = try entry(before.k, before.t[index], before.own1, before.own2)
                (k[index], t[index]) = (pair.k, pair.t)
                let (first, second) = (
                    try entry(before.own1, 0, before.own1, before.own1),
                    try entry(before.own2, 0, before.own2, before.own2)
                )
                own1[index] = p == q ? first.q1 : first.k
                own2[index] = p == q ? second.q1 : second.k
            }
        }
    }

    private mutating func pool(_ window: Window, scale: Double) {
        let sites = sites(of: window)
        func pooled(_ values: [Double]) -> [Double] {
            sums(of: values, sites, alongTheDiagonal: false).map { scale * $0 }
        }
        (k, t, own1, own2) = (pooled(k), pooled(t), pooled(own1), pooled(own2))
        resize(window)
    }

    private mutating func readOut(_ mean: ([Double], Int) -> Double) {
        (k, t, own1, own2) = ([mean(k, pixels)], [mean(t, pixels)], [mean(own1, pixels)], [mean(own2, pixels)])
        (height, width) = (1, 1)
    }

    private mutating func resize(_ window: Window) {
        (height, width) = (
            Self.sites(height, window.height, window.strideY, window.padding).count,
            Self.sites(width, window.width, window.strideX, window.padding).count
        )
    }

    /// Pixels that each output's window reads, in the order of the window; nil beyond the border.
    private func sites(of window: Window) -> [[Int?]] {
        let rows = Self.sites(height, window.height, window.strideY, window.padding)
        let columns = Self.sites(width, window.width, window.strideX, window.padding)
        return rows.flatMap { row in
            columns.map { column in
                row.flatMap { y in column.map { x in y.flatMap { y in x.map { y * width + $0 } } } }
            }
        }
    }

    /// The same along one axis, by XLA's rules.
    private static func sites(_ size: Int, _ window: Int, _ stride: Int, _ padding: Window.Padding) -> [[Int?]] {
        let outputs = padding == .valid ? (size - window) / stride + 1 : (size + stride - 1) / stride
        let total = padding == .valid ? 0 : max((outputs - 1) * stride + window - size, 0)
        return (0..<outputs).map { output in
            (0..<window).map { offset in
                let place = output * stride + offset - total / 2
                if padding == .circular { return (place + size) % size }
                return place >= 0 && place < size ? place : nil
            }
        }
    }

    /// Sums over pairs of pixels of two windows: of the same offset, or all.
    private func sums(of values: [Double], _ sites: [[Int?]], alongTheDiagonal: Bool) -> [Double] {
        sites.flatMap { first in
            sites.map { second in
                var sum = 0.0
                for (a, p) in first.enumerated() {
                    for (b, q) in second.enumerated() where a == b || !alongTheDiagonal {
                        if let p, let q { sum += values[p * pixels + q] }
                    }
                }
                return sum
            }
        }
    }
}
