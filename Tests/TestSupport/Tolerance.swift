import Compute

/// The bounds of tests, each with its reason. Errors are relative to the largest number of the compared array unless
/// the name says otherwise.
package enum Tolerance {
    /// Kernels against the reference off its diagonal.
    ///
    /// float64: the reference forms q₁q₂ − k² and loses digits with it; a few ulp per layer are ours.
    /// float32: the inputs are rounded (6e-8) and so is every layer; nothing cancels.
    package static func kernel(_ precision: Precision) -> Double { precision == .float64 ? 1e-12 : 1e-6 }

    /// Kernels whose reference meets collinear patches: there it is right to 3e-11.
    package static func degenerateKernel(_ precision: Precision) -> Double { precision == .float64 ? 1e-10 : 1e-6 }

    /// The reference's own diagonal, where its q₁q₂ − k² is rounding and θ comes out as √ε: low by up to 2e-8.
    package static func referenceDiagonal(_ precision: Precision) -> Double { precision == .float64 ? 5e-8 : 1e-6 }

    /// Input gradients against the reference.
    ///
    /// float64: as for kernels. float32: 1/sin θ of the closest pair multiplies the rounding of the inputs.
    package static func gradient(_ precision: Precision) -> Double { precision == .float64 ? 1e-12 : 2e-6 }

    /// Gradients whose reference meets collinear patches, observed at 4e-10.
    package static func degenerateGradient(_ precision: Precision) -> Double { precision == .float64 ? 1e-9 : 2e-6 }

    /// Kernels of vectors with norms of 2^±20, duplicates and near-duplicates, relative to √(K_ii K_jj).
    ///
    /// A few ulp per layer: float64 reaches 8e-16, float32 2.7e-7 with the rounding of the inputs.
    package static func edgeKernel(_ precision: Precision) -> Double { precision == .float64 ? 1e-14 : 5e-7 }

    /// Kernels of images in float32 against float64, each entry relative to itself.
    ///
    /// A few ulp per layer, and what the error of a matrix product of d terms turns the angle of a close pair by: 1.1e-6
    /// is reached among 2,000 images of Fashion-MNIST, 4e-7 in CIFAR-10.
    package static let imageKernel = 2e-6

    /// Gradients of Σ_j c_j Θ(x, x_j) at images, float32 against float64, relative to the largest number of each.
    package static let imageGradient = 2e-6

    /// Derivative of one edge pair, relative to the largest number of that derivative.
    ///
    /// float32: two inputs 1e-3 apart are rounded by 6e-8 each, which turns their difference by 1e-4.
    package static func edgeGradient(_ precision: Precision) -> Double { precision == .float64 ? 1e-12 : 1e-4 }

    /// The same for two inputs 1e-7 apart in float64: their difference has lost seven digits.
    package static let closeEdgeGradient = 1e-8

    /// Kernels against the textbook recursion in Double, relative to √(K_ii K_jj).
    ///
    /// Inputs are at random angles, so q₁q₂ − k² keeps nearly all digits; float64 reaches 1e-15, float32 3e-7.
    package static func textbook(_ precision: Precision) -> Double { precision == .float64 ? 1e-14 : 1e-6 }

    /// The same for images. The mean over pixels of features of mean zero, behind odd activations, is small against its
    /// terms: float64 reaches 1.3e-14, float32 2.5e-6.
    package static func textbookOfImages(_ precision: Precision) -> Double { precision == .float64 ? 3e-14 : 5e-6 }

    /// Kernels of an image and its negative, or a large multiple of it. Planes carry the mean square of a difference, so
    /// that sin² of the angle has no better than absolute accuracy there.
    package static func collinearImage(_ precision: Precision) -> Double { precision.epsilon.squareRoot() }

    /// Kernels of images with duplicates and zero among them, relative to √(K_ii K_jj): a few ulp per layer.
    package static func edgeImage(_ precision: Precision) -> Double { precision == .float64 ? 1e-14 : 1e-6 }

    /// Derivative of one pair of edge images, relative to the largest number of that derivative.
    ///
    /// At negatives 1/sin θ has lost digits: float64 reaches 6.4e-9, float32 1.3e-4; elsewhere 4e-10 and 7e-7.
    package static func edgeImageGradient(_ precision: Precision) -> Double { precision == .float64 ? 1e-8 : 2e-4 }

    /// An image and its copy are the same to the last bit, but a matrix holds the diagonal and the pair, whose lanes a
    /// compiler may treat differently: an ulp or two.
    package static func duplicate(_ precision: Precision) -> Double { 4 * precision.epsilon }

    /// The smallest eigenvalue of a Gram matrix may be as much below zero, relative to the largest: n roundings of
    /// entries, each at most a few ulp.
    package static func negativeEigenvalue(_ precision: Precision) -> Double { 64 * precision.epsilon }

    /// The same kernel at inputs that were scaled by numbers which are not powers of two: each input is rounded anew,
    /// and what is left is a few ulp per layer.
    package static func rescaling(_ precision: Precision) -> Double { 32 * precision.epsilon }

    /// Gradients against central differences of fourth order in float64, step 1e-3: (1e-3)⁴ times a fifth derivative,
    /// and ε / 1e-3 of rounding.
    package static let centralDifference = 1e-10

    /// Gradients against central differences of second order in float64, step 1e-5, absolute, of derivatives near 1:
    /// (1e-5)² times a third derivative of up to 100.
    package static let secondOrderDifference = 2e-8

    /// Directional derivatives against differences of fourth order of the plain recursion, step 5e-4 along 60 numbers,
    /// relative to the sum of the terms: the plain recursion's own rounding over the step.
    package static let directionalDifference = 1e-9

    /// A sum of `count` products of numbers below 1 in any order, absolute.
    ///
    /// Each addition rounds a partial sum, which random signs let grow like √count, and the result is rounded.
    package static func sum(_ count: Int, _ precision: Precision) -> Double {
        Double(count + 2) * precision.epsilon * Double(count).squareRoot()
    }

    /// Two ways to the same sum of `count` kernels with random weights, relative to the largest result: correlations
    /// that differ by an ulp, and as many additions in another order.
    package static func reordering(_ count: Int, _ precision: Precision) -> Double {
        (32 + 2 * Double(count).squareRoot()) * precision.epsilon
    }
}
