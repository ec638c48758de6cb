import TangentKernels

// What each layer is in a finite net: one extension each.

extension Dense: FiniteLayer {
    package func build(_ builder: inout NetworkBuilder) throws(ArchitectureError) {
        try builder.affine(Self.form.name, window: nil, weightStd: weightStd, biasStd: biasStd, width: width)
    }
}

extension Conv: FiniteLayer {
    package func build(_ builder: inout NetworkBuilder) throws(ArchitectureError) {
        try builder.affine(Self.form.name, window: window, weightStd: weightStd, biasStd: biasStd, width: width)
    }
}

extension Relu: FiniteLayer {
    package func build(_ builder: inout NetworkBuilder) { builder.activation(negative: 0, positive: 1) }
}

extension LeakyRelu: FiniteLayer {
    package func build(_ builder: inout NetworkBuilder) { builder.activation(negative: alpha, positive: 1) }
}

extension ABRelu: FiniteLayer {
    package func build(_ builder: inout NetworkBuilder) { builder.activation(negative: a, positive: b) }
}

extension Abs: FiniteLayer {
    package func build(_ builder: inout NetworkBuilder) { builder.activation(negative: -1, positive: 1) }
}

extension Identity: FiniteLayer {
    package func build(_ builder: inout NetworkBuilder) {}
}

extension Erf: FiniteLayer {
    package func build(_ builder: inout NetworkBuilder) { builder.elementwise(.smooth(.erf)) }
}

extension Gelu: FiniteLayer {
    package func build(_ builder: inout NetworkBuilder) { builder.elementwise(.smooth(.gelu)) }
}

extension LayerNorm: FiniteLayer {
    package func build(_ builder: inout NetworkBuilder) { builder.elementwise(.layerNorm(eps: eps)) }
}

extension Flatten: FiniteLayer {
    package func build(_ builder: inout NetworkBuilder) { builder.flatten() }
}

extension GlobalAvgPool: FiniteLayer {
    package func build(_ builder: inout NetworkBuilder) throws(ArchitectureError) {
        try builder.pool(nil, layer: Self.form.name) { .sum(scale: 1 / Double($0.count)) }
    }
}

extension AvgPool: FiniteLayer {
    package func build(_ builder: inout NetworkBuilder) throws(ArchitectureError) {
        try builder.pool(window, layer: Self.form.name) { .sum(scale: 1 / Double($0.count)) }
    }
}

extension SumPool: FiniteLayer {
    package func build(_ builder: inout NetworkBuilder) throws(ArchitectureError) {
        try builder.pool(window, layer: Self.form.name) { _ in .sum(scale: 1) }
    }
}

extension MaxPool: FiniteLayer {
    package func build(_ builder: inout NetworkBuilder) throws(ArchitectureError) {
        try builder.pool(window, layer: Self.form.name) { _ in .max }
    }
}

extension Residual: FiniteLayer {
    package func build(_ builder: inout NetworkBuilder) throws(ArchitectureError) {
        try builder.residual(main: main, shortcut: shortcut)
    }
}
