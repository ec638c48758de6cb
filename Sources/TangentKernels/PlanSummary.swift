import Compute

/// What the planner chose for each layer of a net, and what a pair costs.
package struct PlanSummary: Sendable, CustomStringConvertible {
    /// One step of the program.
    package struct Row: Sendable, Equatable {
        package let step: String
        package let geometry: CovarianceProgram.Geometry
        /// Numbers that describe a pair behind the step, of NNGP and of NTK each.
        package let entries: Int
    }

    package let geometry: CovarianceProgram.Geometry
    package let rows: [Row]
    /// Floating-point operations of one pair, forward.
    package let flopsPerPair: Double

    /// Flops of one convolution and activation at one entry: box filters of both covariances, one arccosine map.
    static let entryFlops = 50.0
    /// Flops of one layer in the scalar geometry, beside the product of the inputs.
    static let layerFlops = 35.0

    package init(_ program: CovarianceProgram) {
        let geometry = program.geometry
        var rows: [Row] = []
        var height = program.input.height
        var width = program.input.width
        var isRead = geometry == .scalar
        var flops = geometry == .scalar ? 2.0 * Double(program.input.count) : 0
        var stack: [(Int, Int)] = []
        // From the last pool of a net read out by flatten on the diagonal suffices.
        let lastPool = program.steps.lastIndex { if case .pool = $0 { true } else { false } } ?? -1
        let endsInFlatten = program.readout.map { program.steps[$0] == .flatten } ?? false
        func entries(_ index: Int) -> (Int, CovarianceProgram.Geometry) {
            if isRead { return (1, .scalar) }
            let isDiagonal = geometry == .diagonal || (endsInFlatten && index >= lastPool)
            return isDiagonal ? (height * width, .diagonal) : (height * width * height * width, .full)
        }
        if geometry != .scalar { flops += 2 * Double(program.input.channels) * Double(entries(0).0) }
        for (index, step) in program.steps.enumerated() {
            switch step {
            case .convolution(let window, _, _), .pool(let window, _):
                (height, width) = (window.outputHeight(height), window.outputWidth(width))
            case .fork: stack.append((height, width))
            case .exchange:
                let main = (height, width)
                (height, width) = stack[stack.count - 1]
                stack[stack.count - 1] = main
            case .join: stack.removeLast()
            case .flatten, .globalPool: isRead = true
            default: break
            }
            let (count, kind) = entries(index)
            if case .abrelu = step { flops += (isRead ? Self.layerFlops : Self.entryFlops) * Double(count) }
            if case .erf = step { flops += Self.entryFlops * Double(count) }
            if case .gelu = step { flops += Self.entryFlops * Double(count) }
            rows.append(Row(step: step.summary, geometry: kind, entries: count))
        }
        self.geometry = geometry
        self.rows = rows
        flopsPerPair = flops
    }

    /// A line per step, and the work per pair.
    package var description: String {
        let width = rows.map(\.step.count).max() ?? 0
        let lines = rows.map { row in
            let blanks = String(repeating: " ", count: width - row.step.count)
            return "\(row.step)\(blanks)  \(row.geometry.rawValue), \(row.entries) "
                + (row.entries == 1 ? "number" : "numbers")
        }
        return (lines + ["about \(Int(flopsPerPair.rounded())) flops per pair"]).joined(separator: "\n")
    }
}

extension CovarianceStep {
    /// As a configuration would name the layer.
    fileprivate var summary: String {
        switch self {
        case .dense: "dense"
        case .convolution(let window, _, _): "conv \(window.height)×\(window.width)"
        case .pool(let window, let isMean): "\(isMean ? "avg_pool" : "sum_pool") \(window.height)×\(window.width)"
        case .abrelu(let a, let b): a == 0 && b == 1 ? "relu" : "abrelu \(a), \(b)"
        case .erf: "erf"
        case .gelu: "gelu"
        case .layerNorm: "layer_norm"
        case .fork: "residual: main"
        case .exchange: "residual: shortcut"
        case .join: "residual: sum"
        case .flatten: "flatten"
        case .globalPool: "global_avg_pool"
        }
    }
}
