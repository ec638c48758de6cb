import TangentKernels

/// Nets that are known by name.
package enum Preset: String, Choice {
    case fc, conv
    case convGap = "conv-gap"
    case myrtle5, myrtle7, myrtle10

    /// Whether the number of layers is free.
    package var hasDepth: Bool { blocks.isEmpty }

    /// Whether this version has all the layers.
    package var isAvailable: Bool {
        let names = Layers.forms.map { $0.name }
        return descriptions(depth: 1, activation: .init("relu")).allSatisfy { names.contains($0.name) }
    }

    /// Convolutions of each block. Source: Shankar et al. 2020.
    private var blocks: [Int] {
        switch self {
        case .fc, .conv, .convGap: []
        case .myrtle5: [1, 1, 1]
        case .myrtle7: [1, 2, 2]
        case .myrtle10: [2, 3, 3]
        }
    }

    /// The layers from the input on.
    func descriptions(depth: Int, activation: LayerDescription) -> [LayerDescription] {
        let dense = LayerDescription("dense")
        let convolution = [
            LayerDescription("conv", ["filter": .size([3]), "stride": .size([1]), "padding": .choice("same")]),
            activation,
        ]
        func hidden(_ layers: [LayerDescription], _ count: Int) -> [LayerDescription] {
            (0..<count).flatMap { _ in layers }
        }
        switch self {
        case .fc: return [.init("flatten")] + hidden([dense, activation], depth) + [dense]
        case .conv: return hidden(convolution, depth) + [.init("flatten"), dense]
        case .convGap: return hidden(convolution, depth) + [.init("global_avg_pool"), dense]
        case .myrtle5, .myrtle7, .myrtle10:
            let pool = LayerDescription(
                "avg_pool", ["window": .size([2]), "stride": .size([2]), "padding": .choice("valid")])
            let body = blocks.map { hidden(convolution, $0) }.joined(separator: [pool])
            return convolution + body + [.init("global_avg_pool"), dense]
        }
    }
}
