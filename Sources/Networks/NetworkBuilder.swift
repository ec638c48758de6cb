import Compute
import TangentKernels

/// A layer that a finite net can have.
package protocol FiniteLayer: Layer {
    /// Appends what the layer does to a batch.
    func build(_ builder: inout NetworkBuilder) throws(ArchitectureError)
}

/// How many outputs layers with weights have that do not say their own; the read-out has one per class.
package enum Widths: Sendable, Hashable {
    case uniform(Int)
    /// In order from the input on, the main branch of a residual before its shortcut, without the read-out.
    case each([Int])
}

/// Turns layers into modules, and lays out their parameters.
package struct NetworkBuilder {
    private(set) var shape: ImageShape
    private(set) var parameters: [ParameterArray] = []
    private var modules: [any Module] = []
    private var affineCount = 0
    private var widthCount = 0
    /// Set while the read-out is built.
    private var readoutWidth: Int?
    private let parameterization: Parameterization
    private let widths: Widths

    private init(input: ImageShape, widths: Widths, parameterization: Parameterization) {
        shape = input
        self.widths = widths
        self.parameterization = parameterization
    }

    /// - Throws: ``ArchitectureError`` where a layer has no finite form, cannot follow its predecessor or has no width.
    static func build(
        _ layers: [any Layer], input: ImageShape, outputs: Int, widths: Widths, parameterization: Parameterization
    ) throws(ArchitectureError) -> (modules: ModuleSequence, parameters: [ParameterArray]) {
        guard let readout = layers.lastIndex(where: { $0 is Dense || $0 is Conv }) else {
            throw ArchitectureError(
                "a finite net needs a dense or conv outside of residuals as its read-out; add dense")
        }
        var builder = NetworkBuilder(input: input, widths: widths, parameterization: parameterization)
        for (index, layer) in layers.enumerated() {
            builder.readoutWidth = index == readout ? outputs : nil
            try builder.append(layer)
        }
        guard builder.shape == ImageShape(channels: outputs) else {
            throw ArchitectureError(
                "the net ends in \(builder.shape.height) × \(builder.shape.width) × \(builder.shape.channels) numbers, "
                    + "not in \(outputs); end it with flatten or global_avg_pool, and dense")
        }
        if case .each(let list) = widths, builder.widthCount < list.count {
            throw ArchitectureError(
                "there are \(list.count) widths for \(builder.widthCount) hidden layers that need one; give one width "
                    + "for each")
        }
        return (ModuleSequence(input: input, modules: builder.modules), builder.parameters)
    }

    private mutating func append(_ layer: any Layer) throws(ArchitectureError) {
        guard let layer = layer as? any FiniteLayer else {
            throw ArchitectureError("layer '\(type(of: layer).form.name)' has no finite form")
        }
        try layer.build(&self)
    }

    // MARK: What layers append

    mutating func flatten() { shape = ImageShape(channels: shape.count) }

    /// - Parameter window: nil for a dense layer.
    mutating func affine(
        _ kind: String, window: Window?, weightStd: Double, biasStd: Double, width: Int?
    ) throws(ArchitectureError) {
        if window == nil, !shape.isVector {
            throw ArchitectureError(
                "layer '\(kind)' reads an image of \(shape.height) × \(shape.width); put flatten before it")
        }
        let outputs = try nextWidth(kind, width)
        let pixel = Window(height: 1, width: 1, strideY: 1, strideX: 1, padding: .valid)
        let image = try windowOutput(window ?? pixel, layer: kind)
        let fanIn = (window?.count ?? 1) * shape.channels
        let isNTK = parameterization == .ntk
        let weightScale = isNTK ? weightStd / Double(fanIn).squareRoot() : 1
        let biasScale = isNTK ? biasStd : 1
        let weights = parameter(
            .weights, window.map { [$0.height, $0.width, shape.channels, outputs] } ?? [shape.channels, outputs],
            fanIn, weightStd, weightScale)
        let bias = biasStd > 0 ? parameter(.bias, [outputs], fanIn, biasStd, biasScale) : nil
        let output = ImageShape(height: image.height, width: image.width, channels: outputs)
        modules.append(
            Affine(
                index: affineCount, kind: kind, input: shape, output: output, window: window ?? pixel,
                weights: weights, bias: bias, weightScale: weightScale, biasScale: biasScale))
        affineCount += 1
        shape = output
    }

    mutating func activation(negative: Double, positive: Double) {
        if negative == 1 && positive == 1 { return }
        // Read off the output, and so fused, where it tells the sign of the input exactly.
        if negative >= 0, positive == 1, var affine = modules.last as? Affine, affine.slopes == nil {
            affine.slopes = (negative, positive)
            modules[modules.count - 1] = affine
        } else {
            modules.append(Elementwise(function: .abrelu(negative: negative, positive: positive), output: shape))
        }
    }

    mutating func elementwise(_ function: Elementwise.Function) {
        modules.append(Elementwise(function: function, output: shape))
    }

    /// - Parameter window: nil for the whole image.
    mutating func pool(
        _ window: Window?, layer: String, _ function: (Window) -> Pool.Function
    ) throws(ArchitectureError) {
        let whole = Window(height: shape.height, width: shape.width, strideY: 1, strideX: 1, padding: .valid)
        let window = window ?? whole
        let output = try windowOutput(window, layer: layer)
        modules.append(Pool(function: function(window), window: window, input: shape, output: output))
        shape = output
    }

    mutating func residual(main: [any Layer], shortcut: [any Layer]) throws(ArchitectureError) {
        let start = shape
        let first = try branch(main)
        let second = try branch(shortcut, from: start)
        guard first.output == second.output else {
            throw ArchitectureError(
                "the branches of a residual end in \(first.output.height) × \(first.output.width) × "
                    + "\(first.output.channels) and \(second.output.height) × \(second.output.width) × "
                    + "\(second.output.channels) numbers; give them the same strides, padding and widths")
        }
        modules.append(ResidualBlock(main: first, shortcut: second))
    }

    private mutating func branch(
        _ layers: [any Layer], from start: ImageShape? = nil
    ) throws(ArchitectureError) -> ModuleSequence {
        let outer = modules
        let input = start ?? shape
        modules = []
        shape = input
        for layer in layers { try append(layer) }
        defer { modules = outer }
        return ModuleSequence(input: input, modules: modules)
    }

    private func windowOutput(_ window: Window, layer: String) throws(ArchitectureError) -> ImageShape {
        guard let output = window.output(of: shape) else {
            throw ArchitectureError(
                "layer '\(layer)' of \(window.height) × \(window.width) does not fit an image of \(shape.height) × "
                    + "\(shape.width)")
        }
        return output
    }

    private mutating func nextWidth(_ kind: String, _ own: Int?) throws(ArchitectureError) -> Int {
        if let readoutWidth { return readoutWidth }
        if let own { return own }
        widthCount += 1
        switch widths {
        case .uniform(let width): return width
        case .each(let list):
            guard widthCount <= list.count else {
                throw ArchitectureError(
                    "there are \(list.count) widths, and hidden layer \(widthCount), a '\(kind)', has none; give one "
                        + "width for each")
            }
            return list[widthCount - 1]
        }
    }

    private mutating func parameter(
        _ role: ParameterArray.Role, _ shape: [Int], _ fanIn: Int, _ deviation: Double, _ scale: Double
    ) -> ParameterArray {
        let array = ParameterArray(
            role: role, layer: affineCount, shape: shape, offset: parameters.last?.range.upperBound ?? 0, fanIn: fanIn,
            deviation: deviation, scale: scale)
        parameters.append(array)
        return array
    }
}
