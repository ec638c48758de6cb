import Compute
import Foundation

/// What one run of a sweep sets: keys of the configuration from the top, `model.depth`, with their values.
package struct SweepAssignment: Sendable, Hashable {
    package let members: [PlainValue.Member]

    package init(_ members: [PlainValue.Member]) { self.members = members }

    /// As the command line spells them: `model.depth=3`.
    package var overrides: [String] { members.map { "\($0.key)=\($0.value.flow)" } }

    /// Whether this sets every key of `other` to the same value.
    func agrees(with other: SweepAssignment) -> Bool {
        other.members.allSatisfy { wanted in
            members.contains { $0.key == wanted.key && $0.value.isSame(as: wanted.value) }
        }
    }
}

/// A key that a sweep varies: listed values, or a distribution.
package struct SweepParameter: Sendable, Hashable {
    /// Names as in W&B's sweeps.
    package enum Distribution: String, Choice {
        /// Evenly between `min` and `max`.
        case uniform
        /// Evenly in the logarithm.
        case logUniformValues = "log_uniform_values"
        /// Whole numbers, evenly.
        case intUniform = "int_uniform"
    }

    package enum Source: Sendable, Hashable {
        case values([PlainValue])
        /// `count`: points of a grid, both ends among them.
        case distribution(Distribution, min: Double, max: Double, count: Int?)
    }

    /// From the top, `model.depth`.
    package let path: String
    package let source: Source

    var isDistribution: Bool { if case .distribution = source { true } else { false } }

    var count: Int? { if case .distribution(_, _, _, let count) = source { count } else { nil } }

    /// The values of a grid.
    var grid: [PlainValue] {
        switch source {
        case .values(let values): return values
        case .distribution(let distribution, let min, let max, let count):
            let count = count ?? 1
            let points = (0..<count).map { index in
                Self.point(distribution, min, max, count == 1 ? 0 : Double(index) / Double(count - 1))
            }
            // A whole number may come twice.
            return points.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
        }
    }

    func draw(_ generator: inout SplitMix64) -> PlainValue {
        switch source {
        case .values(let values): values[Int.random(in: values.indices, using: &generator)]
        case .distribution(.intUniform, let min, let max, _):
            .integer(Int.random(in: Int(min)...Int(max), using: &generator))
        case .distribution(let distribution, let min, let max, _):
            Self.point(distribution, min, max, Double.random(in: 0...1, using: &generator))
        }
    }

    /// The value at a share of the way from `min` to `max`, with the ends exact.
    private static func point(_ distribution: Distribution, _ min: Double, _ max: Double, _ share: Double) -> PlainValue
    {
        if share == 0 || share == 1 { return number(share == 0 ? min : max) }
        switch distribution {
        case .uniform: return number(min + share * (max - min))
        case .logUniformValues: return number(exp(log(min) + share * (log(max) - log(min))))
        case .intUniform: return .integer(Int((min + share * (max - min)).rounded()))
        }
    }

    private static func number(_ value: Double) -> PlainValue {
        // Fifteen digits are more than a parameter needs and hide the last rounding: 1e-4, not 1.0000000000000002e-4.
        let rounded = Double(String(format: "%.15g", value)) ?? value
        return Int(exactly: rounded).map { .integer($0) } ?? .number(rounded)
    }
}

extension PlainValue {
    /// Equal, numbers by their value: 1 and 1.0 are the same.
    fileprivate func isSame(as other: PlainValue) -> Bool {
        switch (self, other) {
        case (.integer(let a), .number(let b)), (.number(let b), .integer(let a)): Double(a) == b
        default: self == other
        }
    }
}

extension Kind where Value == SweepAssignment {
    /// `{model.depth: 3, inference.diag_reg: 1e-3}`
    static let sweepAssignment = Kind(
        expectation: "a map of keys such as model.depth with their values",
        schema: .object(["type": .text("object"), "minProperties": .integer(1)]),
        read: { node, reading in
            guard case .mapping(let entries) = node.value, !entries.isEmpty else {
                reading.mismatch(node, "a map of keys such as model.depth with their values")
                return nil
            }
            return SweepAssignment(entries.map { .init($0.key, $0.value.plain) })
        },
        write: { .map($0.members) })
}

extension Kind where Value == [SweepParameter] {
    /// `{model.depth: {values: [1, 2]}}`
    static let sweepParameters = Kind(
        expectation: "a map of keys such as model.depth", schema: parameterSchema,
        read: { node, reading in
            guard case .mapping(let entries) = node.value else {
                reading.mismatch(node, "a map of keys such as model.depth")
                return nil
            }
            let parameters = entries.map { SweepParameterReader.read($0, &reading) }
            return parameters.contains { $0 == nil } ? nil : parameters.compactMap { $0 }
        },
        write: { parameters in .map(parameters.map { .init($0.path, $0.written) }) })

    private static var parameterSchema: PlainValue {
        let number = Kind<Double>.number().schema
        return .object([
            "type": .text("object"),
            "additionalProperties": .object([
                "type": .text("object"), "additionalProperties": .boolean(false),
                "properties": .object([
                    "values": .object(["type": .text("array"), "minItems": .integer(1)]),
                    "distribution": Kind<SweepParameter.Distribution>.choice().schema, "min": number, "max": number,
                    "count": Kind<Int>.integer(atLeast: 1).schema,
                ]),
            ]),
        ])
    }
}

extension SweepParameter {
    fileprivate var written: PlainValue {
        switch source {
        case .values(let values): return .object(["values": .list(values)])
        case .distribution(let distribution, let min, let max, let count):
            let value: PlainValue = .object([
                "distribution": .text(distribution.rawValue), "min": .number(min), "max": .number(max),
            ])
            return count.map { value.appending(["count": .integer($0)]) } ?? value
        }
    }
}

private enum SweepParameterReader {
    static func read(_ entry: SourceNode.Entry, _ reading: inout Reading) -> SweepParameter? {
        let node = entry.value
        guard case .mapping(let entries) = node.value else {
            reading.mismatch(node, "a map with values, or with distribution, min and max")
            return nil
        }
        let known = ["values", "distribution", "min", "max", "count"]
        for entry in entries where !known.contains(entry.key) {
            reading.unknown(entry, in: node.path, known: known)
        }
        func value(_ key: String) -> SourceNode? { entries.first { $0.key == key }?.value }
        if let values = value("values") {
            for key in known.dropFirst() where value(key) != nil {
                reading.note("has no meaning beside values; remove it", at: "\(node.path).\(key)")
            }
            guard case .sequence(let items) = values.value, !items.isEmpty else {
                reading.mismatch(values, "a list of at least 1 values")
                return nil
            }
            return SweepParameter(path: entry.key, source: .values(items.map { $0.plain }))
        }
        guard let name = value("distribution"), let low = value("min"), let high = value("max") else {
            reading.note("needs values, or distribution, min and max", at: node.path)
            return nil
        }
        let count = value("count").map { Kind<Int>.integer(atLeast: 1).read($0, &reading) }
        guard let distribution = Kind<SweepParameter.Distribution>.choice().read(name, &reading),
            let min = Kind<Double>.number().read(low, &reading), let max = Kind<Double>.number().read(high, &reading)
        else { return nil }
        guard min < max else {
            reading.note("max must be above min", at: "\(node.path).max")
            return nil
        }
        if distribution == .logUniformValues && min <= 0 {
            reading.note("must be above 0 for log_uniform_values", at: "\(node.path).min")
        }
        if distribution == .intUniform && (min != min.rounded() || max != max.rounded() || max > 0x1p53) {
            reading.note("int_uniform needs whole numbers as min and max", at: node.path)
            return nil
        }
        return SweepParameter(
            path: entry.key, source: .distribution(distribution, min: min, max: max, count: count ?? nil))
    }
}
