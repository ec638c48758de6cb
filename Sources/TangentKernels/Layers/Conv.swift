import Compute

/// Convolution, NTK parameterization: fan-in is filter height · filter width · channels.
///
/// `k ← σ_w² A k + σ_b²`, `t ← k + σ_w² A t`: A is the mean over the filter's window along the joint diagonal, always
/// divided by the filter's size, also at the border. Source: Arora et al. 2019, section 4.
public struct Conv: Layer {
    public static let form = LayerForm(
        "conv", "convolution",
        keys: [
            .init("filter", .size, required: true, "size of the filter, one number or [height, width]"),
            .init("stride", .size, "one number or [height, width]; default 1"),
            .init("padding", .choice(["same", "valid", "circular"]), "default same"),
        ] + Dense.form.keys)

    package let window: Window
    public let weightStd: Double
    public let biasStd: Double
    /// Channels of a finite layer; nil for what the finite net says. An infinite net ignores it.
    public let width: Int?

    /// - Parameters:
    ///   - filter: height and width.
    ///   - stride: height and width.
    public init(
        filter: (Int, Int), stride: (Int, Int) = (1, 1), padding: Padding = .same, weightStd: Double, biasStd: Double,
        width: Int? = nil
    ) {
        window = Window(filter, stride: stride, padding: padding)
        self.weightStd = weightStd
        self.biasStd = biasStd
        self.width = width
    }

    public init(_ description: LayerDescription, defaults: LayerDefaults) throws(ArchitectureError) {
        guard let filter = description.size("filter") else {
            throw ArchitectureError("layer 'conv' needs filter, the size of its filter", line: description.line)
        }
        self.init(
            filter: filter, stride: description.size("stride") ?? (1, 1), padding: description.padding ?? .same,
            weightStd: description.number("W_std") ?? defaults.weightStd,
            biasStd: description.number("b_std") ?? defaults.biasStd, width: description.count("width"))
    }

    public func plan(_ planner: inout Planner) throws(ArchitectureError) {
        try planner.convolve(window, weightVariance: weightStd * weightStd, biasVariance: biasStd * biasStd)
    }
}

/// What a window sees beyond the border of an image.
public enum Padding: String, Sendable, CaseIterable {
    /// Zeros, so that stride 1 keeps the size.
    case same
    /// Nothing: only windows inside the image.
    case valid
    /// The other side of the image.
    case circular

    fileprivate var window: Window.Padding {
        switch self {
        case .same: .same
        case .valid: .valid
        case .circular: .circular
        }
    }
}

extension Window {
    /// The window of a layer.
    /// - Parameters:
    ///   - size: height and width.
    ///   - stride: height and width.
    init(_ size: (Int, Int), stride: (Int, Int), padding: TangentKernels.Padding) {
        self.init(
            height: size.0, width: size.1, strideY: stride.0, strideX: stride.1, padding: padding.window)
    }
}

extension LayerDescription {
    /// Height and width of a size key.
    func size(_ key: String) -> (Int, Int)? {
        guard case .size(let numbers) = values[key], let first = numbers.first, let last = numbers.last else {
            return nil
        }
        return (first, last)
    }

    var padding: Padding? {
        if case .choice(let word) = values["padding"] { Padding(rawValue: word) } else { nil }
    }
}
