import Testing

@testable import Experiments
@testable import TangentKernels

/// Presets, layer by layer. Sources: Tsilivis & Kempe 2022; Shankar et al. 2020 for the Myrtle nets.
@Suite struct PresetTests {
    private static let conv = LayerDescription(
        "conv", ["filter": .size([3]), "stride": .size([1]), "padding": .choice("same")])
    private static let pool = LayerDescription(
        "avg_pool", ["window": .size([2]), "stride": .size([2]), "padding": .choice("valid")])
    private static let (relu, dense) = (LayerDescription("relu"), LayerDescription("dense"))
    private static let (flatten, mean) = (LayerDescription("flatten"), LayerDescription("global_avg_pool"))
    private static let block = [conv, relu]

    static let wanted: [Preset: [LayerDescription]] = [
        .fc: [flatten, dense, relu, dense, relu, dense],
        .conv: block + block + [flatten, dense],
        .convGap: block + block + [mean, dense],
        .myrtle5: block + block + [pool] + block + [pool] + block + [mean, dense],
        .myrtle7: block + block + [pool] + block + block + [pool] + block + block + [mean, dense],
        .myrtle10: block + block + block + [pool] + block + block + block + [pool] + block + block + block
            + [mean, dense],
    ]

    @Test(arguments: Preset.allCases)
    func layers(of preset: Preset) throws {
        #expect(preset.isAvailable)
        #expect(preset.descriptions(depth: 2, activation: Self.relu) == Self.wanted[preset])
    }

    @Test func theActivationIsFree() {
        let erf = LayerDescription("erf")
        #expect(Preset.conv.descriptions(depth: 1, activation: erf) == [Self.conv, erf, Self.flatten, Self.dense])
    }

    /// σ_w = √2 and σ_b = 0.1 everywhere, the read-out too.
    @Test(arguments: Preset.allCases)
    func standardDeviations(of preset: Preset) throws {
        let net = try Configuration.parse("model: {preset: \(preset.rawValue)}").architecture()
        let wanted = [Double(2).squareRoot(), 0.1]
        for layer in net.layers {
            if let dense = layer as? Dense { #expect([dense.weightStd, dense.biasStd] == wanted) }
            if let conv = layer as? Conv { #expect([conv.weightStd, conv.biasStd] == wanted) }
        }
        #expect(net.layers.last is Dense)
    }
}
