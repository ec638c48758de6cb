import TangentKernels

/// A layer as the reference data spell it.
struct GoldenLayer: Sendable, Decodable {
    let op: String
    let weightStd: Double?
    let biasStd: Double?
    let filter: [Int]?
    let window: [Int]?
    let strides: [Int]?
    let padding: String?
    let alpha: Double?
    let a: Double?
    let b: Double?
    let eps: Double?
    /// Of finite layers.
    let width: Int?
    let main: [GoldenLayer]?
    let shortcut: [GoldenLayer]?

    /// After the conversion from snake case.
    enum CodingKeys: String, CodingKey {
        case op, filter, window, strides, padding, alpha, a, b, eps, width, main, shortcut
        case weightStd = "wStd"
        case biasStd = "bStd"
    }

    var description: LayerDescription {
        var values: [String: LayerDescription.Value] = [:]
        for (key, number) in [("alpha", alpha), ("a", a), ("b", b), ("eps", eps)] {
            if let number { values[key] = .number(number) }
        }
        if let weightStd {
            values["W_std"] = .number(weightStd)
            // null: no bias.
            values["b_std"] = .number(biasStd ?? 0)
        }
        for (key, size) in [("filter", filter), ("window", window), ("stride", strides)] {
            if let size { values[key] = .size(size) }
        }
        if let width { values["width"] = .count(width) }
        if let padding { values["padding"] = .choice(padding.lowercased()) }
        for (key, branch) in [("main", main), ("shortcut", shortcut)] {
            if let branch { values[key] = .layers(branch.map(\.description)) }
        }
        return LayerDescription(name, values)
    }

    /// `LeakyRelu` is leaky_relu; only ABRelu is not spelled by its capitals.
    private var name: String {
        if op == "ABRelu" { return "abrelu" }
        return op.reduce(into: "") { name, letter in
            if letter.isUppercase && !name.isEmpty { name += "_" }
            name += letter.lowercased()
        }
    }
}
