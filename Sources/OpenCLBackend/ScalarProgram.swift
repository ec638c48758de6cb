import Compute

/// The text that calls the steps of a scalar covariance program in order: structure only, so that programs which
/// differ in parameters share one compiled text.
///
/// A state of the stack is a variable (`s0`, `s1`, …); exchanging two states renames them.
struct ScalarProgram {
    private let program: CovarianceProgram
    private let slots: [Int]

    init(_ program: CovarianceProgram) {
        precondition(program.geometry == .scalar, "scalar drivers run scalar programs")
        self.program = program
        slots = program.slotOffsets
    }

    /// Files of the steps, in an order in which each needs only earlier ones.
    static let stepFiles = ["pair", "abrelu", "dense", "smooth", "erf", "gelu", "layer_norm", "residual"].map {
        "Covariance/\($0).cl"
    }

    /// Parameters of all steps, in order; never empty, because a buffer is not.
    var parameters: [Double] { program.steps.flatMap(\.parameters) + [0] }

    var text: String {
        """
        #define READOUT \(slots[program.steps.count])
        #define ROW(slot) R(row_slots[(slot) * row_stride])
        #define COLUMN(slot) LOAD(column_slots + (slot) * column_stride)

        STEP void program_variance(acc q, GLOBAL scalar *slots, SIZE stride, CONSTANT acc *p) {
        \(varianceText)
        }

        STEP void program_forward(pair *s, GLOBAL const scalar *row_slots, SIZE row_stride,
                                  GLOBAL const scalar *column_slots, SIZE column_stride, CONSTANT acc *p) {
        \(pairText(withTangent: false))
        }

        STEP void program_tangent(pair *s, tangent *d, GLOBAL const scalar *row_slots, SIZE row_stride,
                                  GLOBAL const scalar *column_slots, SIZE column_stride, CONSTANT acc *p) {
        \(pairText(withTangent: true))
        }
        """
    }

    private var varianceText: String {
        var stack = Stack()
        var lines = ["    variance v0 = {q, 1};"]
        walk { step, slot, parameters in
            let top = stack.top
            switch step {
            case .fork: lines.append("    variance v\(stack.push()) = v\(top);")
            case .exchange: stack.exchange()
            case .join:
                let call = "join_variance(&v\(top), &v\(stack.popBelow()), slot);"
                lines += Self.fill(call, from: slot, count: step.slotCount)
            case .dense, .abrelu, .erf, .gelu, .layerNorm:
                let call = "\(step.stem)_variance(&v\(top), slot, \(parameters));"
                lines += Self.fill(call, from: slot, count: step.slotCount)
            case .convolution, .pool, .flatten, .globalPool: step.refuse()
            }
        }
        let readout = "readout_variance(&v\(stack.top), slot);"
        lines += Self.fill(readout, from: slots[program.steps.count], count: CovarianceStep.readoutSlotCount)
        return lines.joined(separator: "\n")
    }

    /// A call that writes `slot`, and the stores that follow it.
    private static func fill(_ call: String, from first: Int, count: Int) -> [String] {
        let stores = (0..<count).map { "        slots[\(first + $0) * stride] = (scalar)slot[\($0)];" }
        return ["    {", "        acc slot[\(count)];", "        \(call)"] + stores + ["    }"]
    }

    private func pairText(withTangent: Bool) -> String {
        let face = withTangent ? "tangent" : "forward"
        func states(_ number: Int) -> String { withTangent ? "&s\(number), &d\(number)" : "&s\(number)" }
        var stack = Stack()
        var lines = ["    pair s0 = *s;"] + (withTangent ? ["    tangent d0 = *d;"] : [])
        walk { step, slot, parameters in
            let top = stack.top
            let rows = (0..<step.slotCount).map { "ROW(\(slot + $0))" }.joined(separator: ", ")
            let columns = (0..<step.slotCount).map { "COLUMN(\(slot + $0))" }.joined(separator: ", ")
            let open = "    { real row[] = {\(rows)}, col[] = {\(columns)};"
            switch step {
            case .fork:
                let copy = stack.push()
                lines.append("    pair s\(copy) = s\(top);")
                if withTangent { lines.append("    tangent d\(copy) = d\(top);") }
            case .exchange: stack.exchange()
            case .join:
                lines.append("\(open) join_\(face)(\(states(top)), \(states(stack.popBelow())), row, col); }")
            case .dense, .abrelu, .erf, .gelu, .layerNorm:
                lines.append("\(open) \(step.stem)_\(face)(\(states(top)), row, col, \(parameters)); }")
            case .convolution, .pool, .flatten, .globalPool: step.refuse()
            }
        }
        lines.append("    *s = s\(stack.top);")
        if withTangent { lines.append("    *d = d\(stack.top);") }
        return lines.joined(separator: "\n")
    }

    /// Visits the steps with the first slot of each and the text of where its parameters start.
    private func walk(_ visit: (CovarianceStep, Int, String) -> Void) {
        var parameters = 0
        for (place, step) in program.steps.enumerated() {
            visit(step, slots[place], "p + \(parameters)")
            parameters += step.parameters.count
        }
    }

    /// Numbers of the variables that hold the states, the current one last.
    private struct Stack {
        private var names = [0]
        private var next = 1

        var top: Int { names[names.count - 1] }

        /// A copy of the current state becomes the current one.
        mutating func push() -> Int {
            defer { next += 1 }
            names.append(next)
            return next
        }

        mutating func exchange() { names.swapAt(names.count - 1, names.count - 2) }

        /// Removes the state below the current one.
        mutating func popBelow() -> Int { names.remove(at: names.count - 2) }
    }
}

extension CovarianceStep {
    /// Stem of the step's file and functions.
    fileprivate var stem: String {
        switch self {
        case .dense: "dense"
        case .abrelu: "abrelu"
        case .erf: "erf"
        case .gelu: "gelu"
        case .layerNorm: "layer_norm"
        case .fork, .exchange: ""
        case .join: "join"
        case .convolution, .pool, .flatten, .globalPool: refuse()
        }
    }

    fileprivate func refuse() -> Never { preconditionFailure("\(self) is no step of a dense net") }
}
