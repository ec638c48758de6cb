#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// How the learning rate changes from epoch to epoch.
package enum LearningRateSchedule: Sendable, Equatable {
    case constant
    /// Multiplied by `factor` after every `epochs` epochs.
    case step(epochs: Int, factor: Double)
    /// From the base down to nothing along half a cosine. Source: Loshchilov & Hutter 2017.
    case cosine

    /// The rate of an epoch, counted from 0.
    package func rate(_ base: Double, epoch: Int, of epochs: Int) -> Double {
        switch self {
        case .constant: base
        case .step(let length, let factor): base * pow(factor, Double(epoch / length))
        case .cosine: base * (1 + cos(.pi * Double(epoch) / Double(epochs))) / 2
        }
    }
}
