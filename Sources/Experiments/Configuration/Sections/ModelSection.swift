import TangentKernels

/// `model`: a preset, or the layers themselves.
package struct ModelSection: Section {
    package enum Parameterization: String, Choice {
        case ntk, standard
    }

    /// nil where `layers` stands.
    package var preset: Preset? = .fc
    /// Hidden layers of the presets fc, conv, conv-gap.
    package var depth = 3
    package var activation = LayerDescription("relu")
    /// nil where a preset stands.
    package var layers: [LayerDescription]?
    package var weightStd = LayerDefaults().weightStd
    package var biasStd = LayerDefaults().biasStd
    package var parameterization = Parameterization.ntk

    package init() {}

    static let keys: [Key<Self>] = [
        Key(
            "preset", \.preset, Kind.choice { $0.isAvailable }.optional, "a known net, instead of layers",
            isWritten: { $0.layers == nil }),
        Key(
            "depth", \.depth, .integer(atLeast: 0), "hidden layers, for fc, conv, conv-gap",
            isWritten: { $0.preset?.hasDepth == true }),
        Key(
            "activation", \.activation, .activation, "relu | {leaky_relu: {alpha: 0.1}} | erf | gelu | ...",
            isWritten: { $0.layers == nil }),
        Key(
            "layers", \.layers, Kind.layer.list(atLeast: 1, of: "layers").optional,
            "the layers from the input on, instead of a preset", isWritten: { $0.layers != nil }),
        Key(
            "W_std", \.weightStd, .number(minimum: 0, exclusive: true),
            "for every dense and conv that does not say its own"),
        Key("b_std", \.biasStd, Kind.number(minimum: 0).null(0), "the same for biases; null or 0 for none"),
        Key("parameterization", \.parameterization, .choice(), "ntk | standard (finite nets)"),
    ]

    mutating func complete(at path: String, _ reading: inout Reading) {
        if reading.isGiven("\(path).layers") {
            for key in ["preset", "depth", "activation"] where reading.isGiven("\(path).\(key)") {
                reading.note("cannot stand beside \(path).layers; remove one of them", at: "\(path).\(key)")
            }
            preset = nil
        } else if preset?.hasDepth == false, reading.isGiven("\(path).depth") {
            reading.note("preset '\(preset?.rawValue ?? "")' has a fixed depth; remove depth", at: "\(path).depth")
        }
    }

    /// The layers, those of a preset written out.
    var descriptions: [LayerDescription] {
        layers ?? preset?.descriptions(depth: depth, activation: activation) ?? []
    }

    package func architecture() throws(ArchitectureError) -> Architecture {
        let defaults = LayerDefaults(weightStd: weightStd, biasStd: biasStd)
        var made: [any Layer] = []
        for description in descriptions { made.append(try Layers.make(description, defaults: defaults)) }
        return Architecture(made)
    }
}
