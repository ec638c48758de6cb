import Foundation
import TangentKernels

/// NNGP and NTK of a pair of vectors by the textbook recursion in Double: k, t, q₁ and q₂ from layer to layer, with
/// sin θ from q₁q₂ − k². Clarity before speed and before accuracy near collinear pairs.
package struct PlainCovariance: Sendable {
    package var k: Double
    package var t: Double
    package var q1: Double
    package var q2: Double

    /// The covariances behind the last layer of a dense net.
    package static func of(_ net: Architecture, _ x: [Double], _ y: [Double]) throws -> PlainCovariance {
        func product(_ a: [Double], _ b: [Double]) -> Double {
            zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } / Double(a.count)
        }
        var pair = PlainCovariance(k: product(x, y), t: 0, q1: product(x, x), q2: product(y, y))
        for layer in net.layers { try pair.apply(layer) }
        return pair
    }

    /// Goes on by one layer.
    package mutating func apply(_ layer: any Layer) throws {
        switch layer {
        case let layer as Dense: dense(layer.weightStd * layer.weightStd, layer.biasStd * layer.biasStd)
        case is Relu: abrelu(0, 1)
        case let layer as LeakyRelu: abrelu(layer.alpha, 1)
        case let layer as ABRelu: abrelu(layer.a, layer.b)
        case is Abs: abrelu(-1, 1)
        case is Erf: erf()
        case is Gelu: gelu()
        case let layer as LayerNorm: normalise(layer.eps)
        case let layer as Residual: try residual(layer)
        case is Identity, is Flatten: break
        default: throw PlainCovarianceError(layer: "\(type(of: layer))")
        }
    }

    private mutating func dense(_ w: Double, _ b: Double) {
        k = w * k + b
        q1 = w * q1 + b
        q2 = w * q2 + b
        t = k + w * t
    }

    private mutating func abrelu(_ a: Double, _ b: Double) {
        let second = (a * a + b * b) / 2
        let f = (a - b) * (a - b) / (2 * .pi)
        let s = max(q1 * q2 - k * k, 0).squareRoot()
        let theta = s == 0 && k == 0 ? .pi / 2 : atan2(s, k)
        let slope = second - f * theta
        k = f * s + slope * k
        t *= slope
        q1 *= second
        q2 *= second
    }

    private mutating func erf() {
        let d = (1 + 2 * q1) * (1 + 2 * q2) - 4 * k * k
        t *= 4 / .pi / d.squareRoot()
        k = 2 / .pi * atan2(2 * k, d.squareRoot())
        q1 = 2 / .pi * asin(2 * q1 / (1 + 2 * q1))
        q2 = 2 / .pi * asin(2 * q2 / (1 + 2 * q2))
    }

    private mutating func gelu() {
        let slope = Self.gelu(k, q1, q2).slope
        (k, q1, q2) = (Self.gelu(k, q1, q2).value, Self.gelu(q1, q1, q1).value, Self.gelu(q2, q2, q2).value)
        t *= slope
    }

    private static func gelu(_ k: Double, _ q1: Double, _ q2: Double) -> (value: Double, slope: Double) {
        let product = (1 + q1) * (1 + q2)
        let d = product - k * k
        let g = d.squareRoot()
        let p = q1 * q2
        let angle = atan2(k, g)
        let value = k / 4 + ((k * k + p * d) / (product * g) + k * angle) / (2 * .pi)
        let slope = 0.25 + angle / (2 * .pi) + k / (2 * .pi * g) * (1 / d + (1 - p) / product + 1)
        return (value, slope)
    }

    private mutating func normalise(_ eps: Double) {
        let scale = 1 / ((q1 + eps) * (q2 + eps)).squareRoot()
        k *= scale
        t *= scale
        q1 /= q1 + eps
        q2 /= q2 + eps
    }

    private mutating func residual(_ layer: Residual) throws {
        var other = self
        for inner in layer.main { try apply(inner) }
        for inner in layer.shortcut { try other.apply(inner) }
        k += other.k
        t += other.t
        q1 += other.q1
        q2 += other.q2
    }
}

/// A layer that the plain recursion does not know.
package struct PlainCovarianceError: Error, CustomStringConvertible {
    package let layer: String

    package var description: String { "PlainCovariance has no formula for \(layer)" }
}
