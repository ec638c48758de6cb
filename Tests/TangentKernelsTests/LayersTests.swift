import TangentKernels
import Testing

/// What a configuration may say, and what it hears where it makes no sense.
@Suite struct LayersTests {
    private func message(_ description: LayerDescription) -> String {
        do throws(ArchitectureError) {
            _ = try Layers.make(description, defaults: LayerDefaults())
            return "no error"
        } catch {
            return error.description
        }
    }

    @Test func namesAreUniqueAndSpelledInSnakeCase() {
        let names = Layers.all.map { $0.form.name }
        #expect(Set(names).count == names.count)
        #expect(names.allSatisfy { $0.allSatisfy { $0.isLowercase || $0 == "_" } })
    }

    @Test func anUnknownLayerNamesTheKnownOnes() {
        let names = Layers.all.map { $0.form.name }.joined(separator: ", ")
        #expect(message(LayerDescription("selu")) == "there is no layer 'selu'; there are \(names)")
    }

    @Test func anUnknownLayerInsideABranch() {
        let inner = LayerDescription("residual", ["main": .layers([LayerDescription("selu", line: 7)])])
        #expect(throws: ArchitectureError.self) { try Layers.make(inner, defaults: LayerDefaults()) }
        do {
            _ = try Layers.make(inner, defaults: LayerDefaults())
        } catch {
            #expect(error.line == 7)
        }
    }

    @Test func missingSlopes() {
        #expect(message(LayerDescription("leaky_relu")) == "layer 'leaky_relu' needs alpha, the slope for negative x")
        #expect(
            message(LayerDescription("abrelu", ["a": .number(1)])) == "layer 'abrelu' needs both slopes, a and b")
        #expect(
            message(LayerDescription("abrelu", ["a": .number(0), "b": .number(0)]))
                == "layer 'abrelu' with a = b = 0 is zero everywhere")
    }

    @Test func defaultsStandInForAbsentKeys() throws {
        let defaults = LayerDefaults(weightStd: 1.7, biasStd: 0.3)
        let plain = try #require(try Layers.make(LayerDescription("dense"), defaults: defaults) as? Dense)
        #expect(plain.weightStd == 1.7 && plain.biasStd == 0.3)
        let own = try #require(
            try Layers.make(
                LayerDescription("dense", ["W_std": .number(2), "b_std": .number(0)]), defaults: defaults) as? Dense)
        #expect(own.weightStd == 2 && own.biasStd == 0)
        let branch = try #require(
            try Layers.make(
                LayerDescription("residual", ["main": .layers([LayerDescription("dense")])]), defaults: defaults)
                as? Residual)
        #expect((branch.main.first as? Dense)?.weightStd == 1.7 && branch.shortcut.isEmpty)
        let norm = try #require(try Layers.make(LayerDescription("layer_norm"), defaults: defaults) as? LayerNorm)
        #expect(norm.eps == 1e-12)
    }
}
